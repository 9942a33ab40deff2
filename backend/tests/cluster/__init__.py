"""Against a real Kubernetes: that of `make cluster-up`, or any other whose ``KUBECONFIG`` is given.

Another cluster needs the images under the names in `images.py`, a default storage class and enforced network policies.
"""
