"""Pods of a real cluster: what a person is told when things go wrong, and that nothing stays behind."""

import asyncio
import base64
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from testcluster.layout import Layout
from testcluster.processes import Processes

from opm.server.clients.base import PodAddress
from opm.server.clients.pods import HttpPodClients
from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Limits, Observation, Part, PodPhase, PodSpec
from opm.server.runtime.kubernetes import KubernetesRuntime, doctor, names
from opm.server.runtime.kubernetes.api import CLAIMS, PODS
from opm.wire.files import WriteFile
from tests.absent import absent
from tests.cluster.faults import Faults, FaultyProxy
from tests.cluster.real import PROJECTS, RealCluster, real_cluster
from tests.server.runtime.kubernetes.support import a_spec, running, until

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
TOLD_WITHIN = 30.0
"""Seconds in which a person has to know."""
FAULT_SECONDS = float(os.environ.get("OPM_TEST_FAULT_SECONDS", "0"))
"""Projects come and go over a failing API until so long has passed; `PROJECTS` of them in any case."""


@pytest.fixture
async def real() -> AsyncIterator[RealCluster]:
    async with real_cluster() as cluster:
        yield cluster


async def told(runtime: KubernetesRuntime, spec: PodSpec, words: str) -> Observation:
    return await until(
        runtime,
        spec.project_id,
        lambda seen: seen.phase is PodPhase.FAILED and words in (seen.reason or ""),
        TOLD_WITHIN,
    )


async def test_the_agent_the_file_browser_and_people_share_a_workspace(real: RealCluster) -> None:
    # from outside of the cluster, hence without a policy
    async with real.runtime(network_policy=False) as runtime:
        spec = a_spec(seed_files={"README.md": "# Hello\n"})
        seen = await running(runtime, spec)
        assert seen.endpoint is not None
        async with aiohttp.ClientSession() as http, http.get(f"{seen.endpoint.files_url}/files/tree") as refused:
            assert refused.status == 401, "also where no policy keeps strangers out"
        clients = HttpPodClients()
        try:
            address = PodAddress(spec.project_id, seen.endpoint.files_url, seen.endpoint.session_url, spec.pass_key)
            await clients.files(address).write(WriteFile(path="by-person.txt", content="one\n"))
            assert await clients.agent(address).create_session("A card")
            tree = await clients.files(address).tree("", 1)
        finally:
            await clients.close()
        assert {entry.name for entry in tree.entries} >= {"README.md", "by-person.txt"}
        name = names.name_of(spec.project_id)
        await real.run_in(name, "opencode", "umask 0002; echo two >> /workspace/by-person.txt; echo a > /workspace/b")
        assert await real.run_in(name, "session-proxy", "echo more >> /workspace/b; cat /workspace/b") == "a\nmore\n"
        assert await real.run_in(name, "opencode", "git -C /workspace log --format=%s") == "Create the workspace\n"
        key, secrets = base64.b64encode(spec.pass_key).decode(), "cat /etc/opm/secrets/* 2>&1 || true"
        ours, agents = [await real.run_in(name, container, secrets) for container in ("session-proxy", "opencode")]
        assert [secret in ours for secret in (key, spec.opencode_password)] == [True, True]
        assert "No such file" in agents
        assert [secret in agents for secret in (key, spec.opencode_password)] == [False, False]
        masks = "for p in $(pidof opencode) 1; do grep Umask /proc/$p/status; done"
        assert (await real.run_in(name, "opencode", masks)).split() == ["Umask:", "0002"] * 2
        begun = time.monotonic()
        await runtime.stop(spec.project_id)
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.ABSENT)
        assert time.monotonic() - begun < 25, "every container ends when it is asked to"
        await running(runtime, spec)
        assert await real.run_in(name, "opencode", "cat /workspace/by-person.txt") == "one\ntwo\n"


async def test_a_pod_reaches_names_and_nothing_of_the_cluster(real: RealCluster) -> None:
    async with real.runtime() as runtime:
        one, other = a_spec(), a_spec()
        await asyncio.gather(running(runtime, one), running(runtime, other))
        away = (await real.pod(names.name_of(other.project_id)))["status"]["podIP"]
        server = f"{real.cluster.server.rpartition('/')[2]}".replace(":", " ")
        closed = [f"{away} 3001", f"{away} 3002", server, "169.254.169.254 80", "kubernetes.default.svc 443"]
        knock = "timeout 5 bash -c 'exec 3<>/dev/tcp/{}/{}' 2>/dev/null && echo open || echo closed"
        for target in closed:
            said = await real.run_in(names.name_of(one.project_id), "opencode", knock.format(*target.split()))
            assert (target, said) == (target, "closed\n")
        inside = await real.run_in(names.name_of(one.project_id), "opencode", knock.format("127.0.0.1", 3000))
        assert inside == "open\n", "the question finds what is open"
        assert await real.run_in(names.name_of(one.project_id), "opencode", "getent hosts kubernetes.default.svc")


@pytest.mark.parametrize("container", ["opencode", "file-browser", "session-proxy"])
async def test_a_container_that_is_killed_is_told_and_comes_back(real: RealCluster, container: str) -> None:
    async with real.runtime() as runtime:
        spec = a_spec()
        before = await running(runtime, spec)
        await real.kill(names.name_of(spec.project_id), container)
        part = names.PARTS[container]
        seen = await until(
            runtime,
            spec.project_id,
            lambda seen: any(one.part is part and one.restarts for one in seen.parts),
            TOLD_WITHIN,
        )
        assert "signal 9 (killed)" in str(next(one.reason for one in seen.parts if one.part is part))
        after = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)
        assert (after.incarnation != before.incarnation) == (part is Part.OPENCODE)


async def test_a_part_that_takes_too_much_memory_says_so(real: RealCluster) -> None:
    async with real.runtime() as runtime:
        spec = a_spec(limits=Limits(memory_mb=1024))
        await running(runtime, spec)
        greedy = "head -c 2000m /dev/zero | tail -c 1900m > /dev/null"
        with contextlib.suppress(AssertionError):  # it does not outlive what it does
            await real.run_in(names.name_of(spec.project_id), "opencode", f"{greedy}; kill -9 $(pidof opencode)")
        seen = await until(
            runtime, spec.project_id, lambda seen: any(part.out_of_memory for part in seen.parts), TOLD_WITHIN
        )
        assert "more memory" in str(next(part.reason for part in seen.parts if part.out_of_memory))


async def test_an_image_that_is_not_there_is_told_and_mended_by_the_right_one(real: RealCluster) -> None:
    spec = a_spec()
    async with real.runtime(opencode_image="local.test/none:none") as runtime:
        await runtime.ensure(spec)
        seen = await told(runtime, spec, "image local.test/none:none cannot be fetched")
        assert any(event.warning for event in seen.events)
        async with real.runtime() as mended:
            await running(mended, spec)


async def test_a_pod_without_room_and_one_without_storage_say_so(real: RealCluster) -> None:
    spec = a_spec(limits=Limits(memory_mb=900_000))
    async with real.runtime(request_share=1.0) as runtime:
        await runtime.ensure(spec)
        await told(runtime, spec, "Insufficient memory")
    async with real.runtime(storage_class="no-such-class") as runtime:
        other = a_spec()
        await runtime.ensure(other)
        await told(runtime, other, "no-such-class")


@pytest.fixture
def programs() -> Iterator[Processes]:
    """Those of the cluster, which has to be of our own making; they all run again afterwards."""
    layout = Layout.read(os.environ)
    if Path(os.environ["KUBECONFIG"]).resolve() != layout.kubeconfig.resolve():
        absent("NOT TESTED with a node that is lost: the programs of this cluster are not ours to end")
    found = Processes(layout.state)
    yield found
    if found.find("kubelet") is None:
        found.start_again("kubelet")


async def test_a_node_that_is_lost_is_told_and_its_pods_are_there_when_it_is_back(
    real: RealCluster, programs: Processes
) -> None:
    async with real.runtime() as runtime:
        spec = a_spec()
        before = await running(runtime, spec)
        os.kill(programs.require("kubelet").pid, signal.SIGKILL)
        lost = await told(runtime, spec, "does not answer")
        assert lost.endpoint is None
        programs.start_again("kubelet")
        after = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)
        assert after.incarnation == before.incarnation, "it went on all the time"


async def test_a_used_up_quota_is_told(real: RealCluster) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
    await real.api.request("POST", f"/api/v1/namespaces/{real.settings.namespace}/resourcequotas", body=quota)
    async with real.runtime() as runtime:
        spec = a_spec()
        for _ in range(20):  # the cluster needs a moment to count
            await runtime.ensure(spec)
            with contextlib.suppress(AssertionError):
                await told(runtime, spec, "quota of the namespace is used up")
                return
        raise AssertionError((await runtime.observe(spec.project_id)).reason)


async def test_an_evicted_pod_is_made_anew_on_its_volume(real: RealCluster) -> None:
    async with real.runtime() as runtime:
        spec = a_spec()
        name = names.name_of(spec.project_id)
        await running(runtime, spec)
        claim = await real.uid(CLAIMS, name)
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        await real.api.request("POST", PODS.path(real.settings.namespace, name, "eviction"), body=eviction)
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.STOPPING, TOLD_WITHIN)
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.ABSENT, 60)
        await running(runtime, spec)
        assert await real.uid(CLAIMS, name) == claim


async def test_the_doctor_finds_the_cluster_well(real: RealCluster) -> None:
    found = {check.name: check.ok for check in await doctor.run_checks(real.settings)}
    assert found["Cluster"] and found["Permissions"] and found["A pod"] and found["Pod security"], found  # noqa: PT018


@pytest.mark.timeout(900 + FAULT_SECONDS)
async def test_many_projects_over_a_failing_api_leave_nothing(real: RealCluster) -> None:
    """10 % of answers refused, 20 % of changes in conflict, places forgotten, watches cut every 5 s."""
    faults = Faults(busy=0.1, conflicts=0.2, lost=0.02, forgotten=0.3, cut_after=5.0)
    async with FaultyProxy(real.cluster, faults).serving() as proxy, real.runtime(find=proxy.find) as runtime:
        room = asyncio.Semaphore(4)
        begun = time.monotonic()
        starts: list[float] = []
        while not starts or time.monotonic() - begun < FAULT_SECONDS:
            starts += await asyncio.gather(*(_life(runtime, room) for _ in range(PROJECTS)))
        took = time.monotonic() - begun
        faults.end()
        assert await real.left() == {}
    assert faults.made["409"] > 3
    assert faults.made["cut"] > 3
    ready = sorted(starts)[len(starts) // 2]
    log.info("%d lives in %.0f s, ready after %.1f s (median)", len(starts), took, ready)
    log.info("%s; %s", faults.calls, faults.made)


async def _life(runtime: KubernetesRuntime, room: asyncio.Semaphore) -> float:
    """Seconds until it was ready. Wishes are repeated, as the reconciler does."""
    spec = a_spec()
    async with room:
        begun = time.monotonic()

        async def wish() -> None:
            while True:
                with contextlib.suppress(RuntimeFault):
                    if (await runtime.observe(spec.project_id)).phase in {PodPhase.ABSENT, PodPhase.FAILED}:
                        await runtime.ensure(spec)
                await asyncio.sleep(1)

        wishing = asyncio.create_task(wish())
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING, 300)
        took = time.monotonic() - begun
        wishing.cancel()
        for _ in range(10):
            with contextlib.suppress(RuntimeFault):
                await runtime.remove(spec.project_id)
                return took
        raise AssertionError("it could not be removed")
