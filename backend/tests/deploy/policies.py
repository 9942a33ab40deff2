"""Who may speak to whom under the NetworkPolicies of a render, for what ours use of them.

The network of a cluster enforces it; this tells what was asked of it.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any

from tests.deploy.rendering import Json, of_kind


@dataclass(frozen=True)
class Peer:
    """A pod of a namespace, or, with an address and without labels, something outside of the cluster."""

    name: str = ""
    namespace: str = "opencode"
    address: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    """Named ports of the pod."""

    @property
    def labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.name}

    @property
    def namespace_labels(self) -> dict[str, str]:
        return {"kubernetes.io/metadata.name": self.namespace}


def may_leave(objects: list[Json], source: Peer, target: Peer, port: int) -> bool:
    return _allowed(objects, source, target, port, "Egress", "to")


def may_enter(objects: list[Json], source: Peer, target: Peer, port: int) -> bool:
    return _allowed(objects, target, source, port, "Ingress", "from")


def _allowed(objects: list[Json], subject: Peer, other: Peer, port: int, direction: str, side: str) -> bool:
    """`subject` is the pod that policies are about; of an ingress the port is its own, else the other's."""
    applying = [
        one["spec"]
        for one in of_kind(objects, "NetworkPolicy")
        if one["metadata"]["namespace"] == subject.namespace
        and _selects(one["spec"]["podSelector"], subject.labels)
        and direction in one["spec"]["policyTypes"]
    ]
    open_ports = dict((subject if direction == "Ingress" else other).ports)
    rules = [rule for spec in applying for rule in spec.get(direction.lower(), [])]
    return not applying or any(
        _peers(rule.get(side), other, subject.namespace) and _port(rule.get("ports"), port, open_ports)
        for rule in rules
    )


def _selects(selector: Json, labels: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions)
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )


def _peers(entries: list[Json] | None, other: Peer, home: str) -> bool:
    return entries is None or any(_peer(entry, other, home) for entry in entries)


def _peer(entry: Json, other: Peer, home: str) -> bool:
    if "ipBlock" in entry:
        return bool(other.address) and _inside(entry["ipBlock"], other.address)
    if other.address:
        return False
    if "namespaceSelector" in entry:
        reached = _selects(entry["namespaceSelector"], other.namespace_labels)
    else:
        reached = other.namespace == home
    return reached and _selects(entry.get("podSelector", {}), other.labels)


def _inside(block: Json, address: str) -> bool:
    found = ipaddress.ip_address(address)
    within = [found in ipaddress.ip_network(net) for net in (block["cidr"], *block.get("except", []))]
    return within[0] and not any(within[1:])


def _port(entries: list[Json] | None, port: int, names: dict[str, int]) -> bool:
    if entries is None:
        return True
    wanted: list[Any] = [names.get(entry["port"], entry["port"]) for entry in entries]
    return port in wanted
