"""A real Kubernetes on one bare machine, for tests: `python -m testcluster up`, from the folder above this one.

Everything is upstream's own program: those that Debian lacks or has too old are built from their Go modules. There is
no container engine and no registry; a running cluster lives in namespaces of its own and leaves nothing behind.
"""
