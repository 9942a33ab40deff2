"""The verbs that are allowed are those that are used, found by using everything there is."""

import asyncio

from opm.server.runtime.base import Part, PodPhase
from opm.server.runtime.kubernetes import permissions
from opm.server.runtime.kubernetes.api import POD_METRICS, Kind
from opm.server.runtime.kubernetes.names import name_of
from tests.fakes.kubernetes import FakeCluster
from tests.server.runtime.kubernetes.support import a_spec, opened_on

VERBS = {"POST": {"create"}, "PATCH": {"patch", "create"}, "DELETE": {"delete"}, "GET": {"get", "list", "watch"}}


def counted(kind: Kind) -> str:
    """What the fake calls it."""
    return "podmetrics" if kind is POD_METRICS else kind.plural.rpartition("/")[2]


async def test_nothing_is_done_that_is_not_allowed_and_nothing_allowed_that_is_not_done() -> None:
    async with FakeCluster().serving() as cluster, opened_on(cluster.find) as runtime:
        spec = a_spec()
        await runtime.ensure(spec)
        async with asyncio.timeout(10):
            while True:
                if (await runtime.observe(spec.project_id)).phase is PodPhase.RUNNING:
                    break
                await asyncio.sleep(0.01)
        cluster.logs["opencode"] = "a line\n"
        assert await runtime.logs(spec.project_id, Part.OPENCODE) == ["a line"]
        cluster.die(name_of(spec.project_id))
        await runtime.stop(spec.project_id)
        await runtime.remove(spec.project_id)
    allowed = {counted(kind): verbs for kind, verbs in permissions.VERBS.items()}
    used: dict[str, set[str]] = {}
    for call in cluster.calls:
        method, _, plural = call.partition(" ")
        used.setdefault(plural, set()).update(VERBS[method] & allowed[plural])
        assert VERBS[method] & allowed[plural], call
    assert used == {plural: set(verbs) for plural, verbs in allowed.items()}


def test_a_role_is_made_of_them() -> None:
    rules = {tuple(rule["resources"]): rule["verbs"] for rule in permissions.rules()}
    assert rules["secrets",] == ["create", "delete", "get", "patch"]
    assert not {verb for verbs in rules.values() for verb in verbs} & {"*", "update", "deletecollection"}
