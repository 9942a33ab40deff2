"""A run waits for its pod, and goes on wishing for it as long as that pod may still come."""

import asyncio
from dataclasses import replace

import pytest

from opm.server.background.pump import pod
from opm.server.core.errors import Unavailable
from opm.server.runtime.base import Observation, PodPhase, PodSpec
from opm.server.runtime.kubernetes import names
from tests.fakes.kubernetes import FakeCluster
from tests.fakes.runtime import FakePod, FakeRuntime, SlowRuntime
from tests.server.runtime.kubernetes.support import a_spec, opened_on, until

QUOTA = (403, "Forbidden", 'pods "x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5')


class FailingRuntime(FakeRuntime):
    """A pod fails unless it is the one after `fails` others; a new wish makes the next of one that failed."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    async def ensure(self, spec: PodSpec) -> None:
        known = self.pods.get(spec.project_id)
        if known is not None and known.phase is PodPhase.FAILED:
            del self.pods[spec.project_id]
        await super().ensure(spec)

    async def _come_up(self, pod: FakePod) -> None:
        failed = len(self.calls) <= self.fails
        self._enter(
            pod,
            PodPhase.FAILED if failed else PodPhase.RUNNING,
            f"The node evicted pod {len(self.calls)}." if failed else None,
        )


async def ready(runtime: FakeRuntime, seconds: float, told: list[str]) -> Observation:
    return await pod.ready(runtime, a_spec(), seconds, told.append, lambda: None)


async def test_a_pod_that_failed_is_wished_for_again() -> None:
    told: list[str] = []
    runtime = FailingRuntime(fails=2)
    assert (await ready(runtime, 60, told)).phase is PodPhase.RUNNING
    assert told == ["The node evicted pod 1.", "The node evicted pod 2."]
    assert len(runtime.calls) == 3


async def test_it_is_not_wished_for_at_each_look() -> None:
    runtime = FailingRuntime(fails=1000)
    with pytest.raises(Unavailable, match="did not become ready within 18 s: The node evicted pod"):
        await ready(runtime, 18, [])
    assert len(runtime.calls) in {3, 4}, "once, and then every 5 s"


async def test_a_pod_that_somebody_wished_otherwise_meanwhile_is_wished_for_again() -> None:
    """The reconciler may act on what it read before the run was there."""
    runtime = SlowRuntime(start_delay=1)
    spec = a_spec()
    waiting = asyncio.create_task(pod.ready(runtime, spec, 60, lambda _: None, lambda: None))
    await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.PENDING)
    await runtime.ensure(replace(spec, digest="another"))
    assert (await waiting).digest == spec.digest


async def test_a_quota_that_is_freed_after_the_last_try_still_serves_the_run() -> None:
    async with FakeCluster().serving() as cluster, opened_on(cluster.find) as runtime:
        cluster.refuse["POST pods"] = QUOTA
        spec = a_spec()
        waiting = asyncio.create_task(pod.ready(runtime, spec, 60, lambda _: None, lambda: None))
        await until(runtime, spec.project_id, lambda _: cluster.calls["POST pods"] == 6)
        cluster.refuse.clear()
        assert (await waiting).phase is PodPhase.RUNNING


async def test_a_pod_that_is_evicted_while_it_starts_is_made_anew() -> None:
    async with FakeCluster(start_delay=None).serving() as cluster, opened_on(cluster.find) as runtime:
        spec = a_spec()
        name = names.name_of(spec.project_id)
        waiting = asyncio.create_task(pod.ready(runtime, spec, 60, lambda _: None, lambda: None))
        await until(runtime, spec.project_id, lambda _: ("pods", name) in cluster.objects)
        cluster.start_delay = 0.02
        cluster.status(name, phase="Failed", reason="Evicted", message="low on disk.", conditions=[])
        assert (await waiting).phase is PodPhase.RUNNING
