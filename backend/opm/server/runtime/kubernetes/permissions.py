"""What the controller may do in its namespace: these verbs and no others. A Role is made, and checked, from this."""

from collections.abc import Mapping
from typing import Any

from opm.server.runtime.kubernetes.api import (
    CLAIMS,
    CONFIG_MAPS,
    EVENTS,
    POD_METRICS,
    PODS,
    POLICIES,
    SECRETS,
    Kind,
)

WATCHED = frozenset({"get", "list", "watch", "create", "delete"})
APPLIED = frozenset({"create", "patch", "delete"})
LOGS = Kind("pods/log")

VERBS: Mapping[Kind, frozenset[str]] = {
    PODS: WATCHED,
    LOGS: frozenset({"get"}),
    CLAIMS: WATCHED,
    CONFIG_MAPS: APPLIED,
    # by name, so that logs can be shown without them; never listed
    SECRETS: APPLIED | {"get"},
    EVENTS: frozenset({"list", "watch"}),
    POLICIES: APPLIED,
    POD_METRICS: frozenset({"list"}),
}

FORBIDDEN: tuple[tuple[str, Kind], ...] = (
    ("list", SECRETS),
    ("watch", SECRETS),
    ("create", Kind("pods/exec")),
    ("create", Kind("pods/attach")),
    ("create", Kind("pods/portforward")),
    ("create", Kind("serviceaccounts/token")),
    ("update", Kind("roles", "rbac.authorization.k8s.io")),
)
"""What would let a controller that was taken over do more than look after pods; `opm doctor` warns of it."""


def rules() -> list[dict[str, Any]]:
    """As a Role of the cluster says it."""
    return [
        {"apiGroups": [kind.group], "resources": [kind.plural], "verbs": sorted(verbs)} for kind, verbs in VERBS.items()
    ]


def review(verb: str, kind: Kind, namespace: str) -> dict[str, Any]:
    """The question whether who asks may do this."""
    resource, _, sub = kind.plural.partition("/")
    attributes = {"namespace": namespace, "verb": verb, "group": kind.group, "resource": resource, "subresource": sub}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
