"""Whom pods may ask for names: anybody, unless they may reach nothing public."""

import ipaddress
from typing import Any

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.kubernetes import policy


def egress(**changes: Any) -> list[dict[str, Any]]:
    return policy.rules(KubernetesSettings(**changes), {"of": "a-project"}, [3001])["egress"]


def test_names_are_asked_for_wherever_the_cluster_has_them() -> None:
    assert egress()[0] == {"ports": policy.DNS}


def test_without_the_internet_its_port_for_names_is_shut_too() -> None:
    (names,) = egress(internet=False)
    assert names["ports"] == policy.DNS
    pods, *networks = names["to"]
    assert pods == {"namespaceSelector": {}}
    assert networks
    assert not any(ipaddress.ip_network(one["ipBlock"]["cidr"]).is_global for one in networks)


def test_what_the_operator_opens_is_open_without_the_internet() -> None:
    _, opened = egress(internet=False, egress_networks=("10.20.0.7/32",))
    assert opened == {"to": [{"ipBlock": {"cidr": "10.20.0.7/32"}}]}
