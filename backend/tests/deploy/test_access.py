"""Who reaches whom in the namespace, and what the controller may do at the API server."""

import importlib
import importlib.util

import pytest

from tests.absent import missing
from tests.deploy.policies import Peer, may_enter, may_leave
from tests.deploy.rendering import Json, named, of_kind

CONTROLLER = Peer("opm-controller", ports=(("http", 8400), ("metrics", 9400)))
POSTGRES = Peer("postgres", ports=(("postgres", 5432),))
REDIS = Peer("redis", ports=(("redis", 6379),))
POD = Peer("opm-pod")
STRANGER = Peer("anything", namespace="elsewhere")
PROXY = Peer("traefik", namespace="traefik")
PROMETHEUS = Peer("prometheus", namespace="monitoring")
API_SERVER = Peer(address="203.0.113.7")
METADATA = Peer(address="169.254.169.254")

FLOWS = [
    (CONTROLLER, POSTGRES, 5432, True),
    (CONTROLLER, REDIS, 6379, True),
    (PROXY, CONTROLLER, 8400, True),
    (PROXY, CONTROLLER, 9400, False),
    (PROMETHEUS, CONTROLLER, 9400, True),
    (PROMETHEUS, CONTROLLER, 8400, False),
    (STRANGER, CONTROLLER, 8400, False),
    (STRANGER, POSTGRES, 5432, False),
    (POD, CONTROLLER, 8400, False),
    (POD, POSTGRES, 5432, False),
    (POD, REDIS, 6379, False),
    (POD, POD, 3001, False),
    (POSTGRES, REDIS, 6379, False),
    (REDIS, POSTGRES, 5432, False),
    (PROXY, POSTGRES, 5432, False),
    (PROMETHEUS, REDIS, 6379, False),
]


@pytest.mark.parametrize(("source", "target", "port", "allowed"), FLOWS)
def test_flows(objects: list[Json], source: Peer, target: Peer, port: int, allowed: bool) -> None:
    assert (may_leave(objects, source, target, port) and may_enter(objects, source, target, port)) is allowed


def test_what_leaves(objects: list[Json]) -> None:
    """The pod of a project has a policy of its own on top, which lets the controller in."""
    assert may_leave(objects, CONTROLLER, POD, 3001)
    assert may_leave(objects, CONTROLLER, POD, 3002)
    assert not may_leave(objects, CONTROLLER, POD, 3000)
    assert [may_leave(objects, CONTROLLER, API_SERVER, port) for port in (443, 6443, 22)] == [True, True, False]
    assert not may_leave(objects, CONTROLLER, METADATA, 443)
    assert not may_leave(objects, CONTROLLER, STRANGER, 8080)
    for quiet in (POSTGRES, REDIS, POD):
        assert not any(may_leave(objects, quiet, API_SERVER, port) for port in (53, 443, 6443))


def test_without_a_policy_everything_goes_so_the_check_can_fail(objects: list[Json]) -> None:
    bare = [one for one in objects if one["kind"] != "NetworkPolicy"]
    assert may_enter(bare, POD, POSTGRES, 5432)
    assert may_leave(bare, POD, POSTGRES, 5432)


def allowed(role: Json) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_controller_has_one_role_and_nothing_of_the_whole_cluster(objects: list[Json]) -> None:
    bound = [
        one["roleRef"]
        for one in of_kind(objects, "RoleBinding", "ClusterRoleBinding")
        if any(subject["name"] == "opm-controller" for subject in one["subjects"])
    ]
    assert [(one["kind"], one["name"]) for one in bound] == [("Role", "opm-controller")]
    assert of_kind(objects, "ClusterRole", "ClusterRoleBinding") == []


def test_secrets_are_not_listed_and_nobody_enters_a_container(objects: list[Json]) -> None:
    rights = allowed(named(objects, "Role", "opm-controller"))
    assert not {("", "secrets", verb) for verb in ("list", "watch", "update")} & rights
    assert not {
        right for right in rights if "*" in right or right[1] in {"pods/exec", "pods/attach", "pods/portforward"}
    }
    assert not {right for right in rights if right[2] in {"deletecollection", "escalate", "bind", "impersonate"}}


def test_the_role_is_what_the_code_uses(objects: list[Json]) -> None:
    if importlib.util.find_spec("opm.server.runtime.kubernetes") is None:
        missing("the permissions of the runtime", "this version has no runtime for Kubernetes")
    rules = importlib.import_module("opm.server.runtime.kubernetes.permissions").rules()

    assert allowed(named(objects, "Role", "opm-controller")) == allowed({"rules": rules})
