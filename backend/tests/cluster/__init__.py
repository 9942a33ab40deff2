"""Against a real Kubernetes: that of `make cluster-up`, or any other whose ``KUBECONFIG`` is given.

Another cluster needs a default storage class, enforced network policies, and the images under the names in `images.py`
and in the overlay `kind`. That overlay is put on it as it is, so services have to be in 10.96.0.0/16, ports of its
nodes have to be reachable from here, and the namespaces `opencode` and `traefik` must not be there.
"""
