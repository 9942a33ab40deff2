"""Who may speak to a pod, and to whom it may: the controllers to its two doors; it to names and public addresses."""

import ipaddress
from typing import Any

from opm.server.core.kubernetes import KubernetesSettings

CONTROLLER = {"app.kubernetes.io/name": "opm-controller"}

NOT_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::1/128",
    "64:ff9b::/96",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
)
"""This network, private, shared, loopback, link-local and metadata, benchmark, multicast, reserved, and what leads to
them through translation."""

_IPV4 = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
RESOLVERS = (*_IPV4, "fc00::/7", "fe80::/10")
"""Where a cluster may have its name servers, other than in pods: on its nodes or beside them."""

DNS = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]


def rules(settings: KubernetesSettings, selector: dict[str, str], ports: list[int]) -> dict[str, Any]:
    """The `spec` of a NetworkPolicy."""
    doors = [{"protocol": "TCP", "port": port} for port in ports]
    egress: list[dict[str, Any]] = [_names(settings)]
    if settings.internet:
        egress.append({"to": [_public(settings, "0.0.0.0/0"), _public(settings, "::/0")]})
    if settings.egress_networks:
        egress.append({"to": [{"ipBlock": {"cidr": network}} for network in settings.egress_networks]})
    return {
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": CONTROLLER}}], "ports": doors}],
        "egress": egress,
    }


def _names(settings: KubernetesSettings) -> dict[str, Any]:
    """Resolvers live inside of the cluster, on the node or beside it: the port says more than any address could. Where
    nothing public may be reached, a server of somebody's that listens on it may not either."""
    if settings.internet:
        return {"ports": DNS}
    return {"ports": DNS, "to": [{"namespaceSelector": {}}, *({"ipBlock": {"cidr": one}} for one in RESOLVERS)]}


def _public(settings: KubernetesSettings, everything: str) -> dict[str, Any]:
    version = ipaddress.ip_network(everything).version
    closed = [
        network
        for network in (*NOT_PUBLIC, *settings.closed_networks)
        if ipaddress.ip_network(network).version == version
    ]
    return {"ipBlock": {"cidr": everything, "except": closed}}
