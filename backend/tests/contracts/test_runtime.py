"""What every runtime promises; see the docstring of `Runtime`. One suite, run against each implementation."""

import asyncio
import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from opm.server.runtime.base import Observation, Part, PodPhase, PodSpec, Runtime
from opm.server.runtime.kubernetes.api import CLAIMS
from opm.server.runtime.kubernetes.names import name_of
from opm.server.runtime.local import LocalSettings
from tests.cluster.real import RealCluster, real_cluster
from tests.fakes.kubernetes import FakeCluster
from tests.fakes.runtime import FakeRuntime, SlowRuntime
from tests.opencode import opencode_binary
from tests.server.runtime.kubernetes.support import opened_on
from tests.server.runtime.local.support import opened, pid_of, pod_folder, stub_settings


class Bench(ABC):
    """A runtime, and what the suite must be able to do behind its back."""

    runtime: Runtime

    @abstractmethod
    async def kill_opencode(self, project_id: UUID) -> None: ...

    @abstractmethod
    async def has_workspace(self, project_id: UUID) -> bool: ...

    async def until(self, project_id: UUID, phase: PodPhase, *, digest: str | None = None) -> Observation:
        seen = await self.runtime.observe(project_id)
        for _ in range(3000):
            if seen.phase is phase and digest in {None, seen.digest}:
                return seen
            await asyncio.sleep(0.02)
            seen = await self.runtime.observe(project_id)
        raise AssertionError(f"still {seen.phase}: {seen.reason}")

    async def run(self, spec: PodSpec) -> Observation:
        await self.runtime.ensure(spec)
        return await self.until(spec.project_id, PodPhase.RUNNING, digest=spec.digest)


class FakeBench(Bench):
    def __init__(self, runtime: FakeRuntime) -> None:
        self.runtime = self.fake = runtime

    async def kill_opencode(self, project_id: UUID) -> None:
        self.fake.die(project_id)

    async def has_workspace(self, project_id: UUID) -> bool:
        return project_id in self.fake.volumes


class LocalBench(Bench):
    def __init__(self, runtime: Runtime, settings: LocalSettings) -> None:
        self.runtime = runtime
        self.settings = settings

    async def kill_opencode(self, project_id: UUID) -> None:
        os.kill(pid_of(await self.runtime.observe(project_id)), signal.SIGKILL)

    async def has_workspace(self, project_id: UUID) -> bool:
        return (pod_folder(self.settings, project_id) / "workspace").exists()


class ClusterBench(Bench):
    """The runtime on Kubernetes, over an API in memory."""

    def __init__(self, runtime: Runtime, cluster: FakeCluster) -> None:
        self.runtime = runtime
        self.cluster = cluster

    async def kill_opencode(self, project_id: UUID) -> None:
        self.cluster.die(name_of(project_id))

    async def has_workspace(self, project_id: UUID) -> bool:
        return ("persistentvolumeclaims", name_of(project_id)) in self.cluster.objects


class RealClusterBench(Bench):
    """The same over a real one, with real pods."""

    def __init__(self, real: RealCluster, runtime: Runtime) -> None:
        self.runtime = runtime
        self.real = real

    async def kill_opencode(self, project_id: UUID) -> None:
        await self.real.kill(name_of(project_id), "opencode")

    async def has_workspace(self, project_id: UUID) -> bool:
        return await self.real.exists(CLAIMS, name_of(project_id))


REAL = pytest.param("opencode", marks=[pytest.mark.opencode, pytest.mark.slow])


CLUSTER = pytest.param("real cluster", marks=[pytest.mark.cluster, pytest.mark.timeout(400)])


@pytest.fixture(params=["fake", "slow fake", "stand-in programs", "cluster in memory", REAL, CLUSTER])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    if "fake" in request.param:
        fake = SlowRuntime(start_delay=0.2) if "slow" in request.param else FakeRuntime()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(fake.close)
            yield FakeBench(fake)
        return
    if request.param == "cluster in memory":
        async with FakeCluster().serving() as cluster, opened_on(cluster.find) as runtime:
            yield ClusterBench(runtime, cluster)
        return
    if request.param == "real cluster":
        async with real_cluster() as real, real.runtime() as runtime:
            yield RealClusterBench(real, runtime)
        return
    if request.param == "opencode":
        settings = LocalSettings(data_dir=tmp_path / "data", opencode=opencode_binary())
    else:
        settings = stub_settings(tmp_path)
    async with opened(settings) as runtime:
        yield LocalBench(runtime, settings)


def a_spec(project_id: UUID | None = None, digest: str = "one") -> PodSpec:
    return PodSpec(
        project_id=project_id or uuid4(),
        digest=digest,
        opencode_config={},
        opencode_password="a-password-of-the-pod",
        pass_key=b"k" * 32,
    )


async def test_an_unknown_pod_is_absent_and_may_be_stopped(bench: Bench) -> None:
    project_id = uuid4()
    await bench.runtime.stop(project_id)
    await bench.runtime.remove(project_id)
    seen = await bench.runtime.observe(project_id)
    assert (seen.phase, seen.reason, seen.endpoint) == (PodPhase.ABSENT, None, None)
    assert await bench.runtime.logs(project_id, Part.OPENCODE) == []


async def test_a_pod_from_the_wish_to_the_end_of_its_workspace(bench: Bench) -> None:
    spec = a_spec()
    await bench.runtime.ensure(spec)
    assert (await bench.runtime.observe(spec.project_id)).phase is PodPhase.PENDING, "the wish is taken at once"
    up = await bench.until(spec.project_id, PodPhase.RUNNING)
    assert up.endpoint is not None
    assert up.incarnation
    assert all(part.ready for part in up.parts)
    assert {part.part for part in up.parts} == {Part.OPENCODE, Part.FILES, Part.SESSION}

    await bench.runtime.ensure(spec)
    again = await bench.until(spec.project_id, PodPhase.RUNNING)
    assert again.incarnation == up.incarnation, "the same wish changes nothing"

    await bench.runtime.stop(spec.project_id)
    down = await bench.until(spec.project_id, PodPhase.ABSENT)
    assert down.endpoint is None
    assert await bench.has_workspace(spec.project_id)
    await bench.runtime.remove(spec.project_id)
    assert not await bench.has_workspace(spec.project_id)


async def test_another_digest_restarts_opencode_and_keeps_the_workspace(bench: Bench) -> None:
    before = await bench.run(a_spec())
    told: list[Observation] = []

    async def listen() -> None:
        async for observation in bench.runtime.watch():
            told.append(observation)  # noqa: PERF401  the watch does not end by itself

    listening = asyncio.create_task(listen())
    after = await bench.run(a_spec(before.project_id, "two"))
    await asyncio.sleep(0.05)
    listening.cancel()
    assert after.incarnation != before.incarnation
    assert await bench.has_workspace(before.project_id)
    assert told[-1].incarnation == after.incarnation
    assert all(seen.incarnation and seen.endpoint for seen in told if seen.phase is PodPhase.RUNNING)


async def test_an_opencode_that_dies_comes_back_with_a_reason_on_record(bench: Bench) -> None:
    before = await bench.run(a_spec())
    news = bench.runtime.watch()
    assert (await anext(news)).incarnation == before.incarnation, "a watch starts with what is"
    await bench.kill_opencode(before.project_id)
    async with asyncio.timeout(60):
        told = await anext(news)
        while told.phase is PodPhase.RUNNING:
            told = await anext(news)
        assert "killed" in (told.reason or "")
        assert told.endpoint is None
        while told.phase is not PodPhase.RUNNING:
            told = await anext(news)
    await news.aclose()  # pyright: ignore[reportAttributeAccessIssue]  every implementation is a generator
    assert told.incarnation != before.incarnation
    assert next(part.restarts for part in told.parts if part.part is Part.OPENCODE) == 1


async def test_pods_do_not_touch_each_other(bench: Bench) -> None:
    one, other = await asyncio.gather(bench.run(a_spec()), bench.run(a_spec()))
    await bench.runtime.remove(one.project_id)
    seen = await bench.runtime.observe(other.project_id)
    assert (seen.phase, seen.incarnation) == (PodPhase.RUNNING, other.incarnation)


async def test_wishes_in_quick_succession_end_as_the_last_one_says(bench: Bench) -> None:
    spec = a_spec()
    await bench.runtime.ensure(spec)
    await bench.runtime.stop(spec.project_id)
    await bench.until(spec.project_id, PodPhase.ABSENT)
    await bench.runtime.ensure(spec)
    await bench.runtime.ensure(a_spec(spec.project_id, "two"))
    await bench.until(spec.project_id, PodPhase.RUNNING, digest="two")
