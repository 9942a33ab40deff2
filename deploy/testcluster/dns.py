"""CoreDNS where policies and pods expect it: in ``kube-system``, labelled ``k8s-app: kube-dns``, at the usual name."""

from testcluster.access import Object
from testcluster.layout import DNS_SERVICE, DOMAIN

IMAGE = "local.test/coredns:test"
LABELS = {"k8s-app": "kube-dns"}

COREFILE = f"""\
.:53 {{
    errors
    health :8080
    ready :8181
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
        ttl 5
    }}
    prometheus :9153
}}
"""
"""Asks nobody else: what is not of the cluster is refused at once instead of waited for."""


def objects() -> list[Object]:
    return [_account(), _role(), _binding(), _corefile(), _service(), _deployment()]


def _named(kind: str, version: str, name: str, *, spaced: bool = True) -> Object:
    place = {"namespace": "kube-system"} if spaced else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place, "labels": LABELS}}


def _account() -> Object:
    return _named("ServiceAccount", "v1", "coredns")


def _role() -> Object:
    look = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": look},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": look},
    ]
    return {**_named("ClusterRole", "rbac.authorization.k8s.io/v1", "system:coredns", spaced=False), "rules": rules}


def _binding() -> Object:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    subject = {"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}
    binding = _named("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "system:coredns", spaced=False)
    return {**binding, "roleRef": role, "subjects": [subject]}


def _corefile() -> Object:
    return {**_named("ConfigMap", "v1", "coredns"), "data": {"Corefile": COREFILE}}


def _service() -> Object:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        {"name": "metrics", "port": 9153, "protocol": "TCP"},
    ]
    return {
        **_named("Service", "v1", "kube-dns"),
        "spec": {"selector": LABELS, "clusterIP": DNS_SERVICE, "ports": ports},
    }


def _deployment() -> Object:
    container = {
        "name": "coredns",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/coredns", "-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        },
    }
    pod = {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "priorityClassName": "system-cluster-critical",
        "tolerations": [{"operator": "Exists"}],  # a drained node still answers
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }
    return {**_named("Deployment", "apps/v1", "coredns"), "spec": spec}
