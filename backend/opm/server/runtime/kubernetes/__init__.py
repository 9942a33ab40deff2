"""Pods on a Kubernetes cluster."""

from opm.server.runtime.kubernetes.runtime import KubernetesRuntime

__all__ = ["KubernetesRuntime"]
