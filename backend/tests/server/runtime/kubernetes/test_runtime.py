"""The cluster's runtime where the contract does not look: several controllers, failing APIs, cut watches."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from opm.server.core.errors import RuntimeFault
from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import Limits, Part, PodPhase, Runtime
from opm.server.runtime.kubernetes import KubernetesRuntime, names
from opm.server.runtime.kubernetes.errand import TRIES
from tests.cluster.faults import Faults, FaultyProxy
from tests.fakes.kubernetes import FakeCluster
from tests.server.runtime.kubernetes.support import a_spec, opened_on, running, until

PLURALS = {"pods", "persistentvolumeclaims", "configmaps", "secrets", "networkpolicies"}


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serving() as cluster:
        yield cluster


async def test_a_pod_has_its_objects_and_they_go_with_it(cluster: FakeCluster) -> None:
    spec = a_spec()
    async with opened_on(cluster.find) as runtime:
        await running(runtime, spec)
        assert {plural for plural, _ in cluster.objects} == PLURALS
        claim = cluster.objects["persistentvolumeclaims", names.name_of(spec.project_id)]["metadata"]["uid"]
        for (plural, _), made in cluster.objects.items():
            owners = [owner["uid"] for owner in made["metadata"].get("ownerReferences", [])]
            assert owners == ([] if plural == "persistentvolumeclaims" else [claim])
        await runtime.stop(spec.project_id)
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.ABSENT)
        assert {plural for plural, _ in cluster.objects} == {"persistentvolumeclaims", "networkpolicies"}
        assert await runtime.known() == {spec.project_id}
        await runtime.remove(spec.project_id)
        assert cluster.objects == {}
        assert await runtime.known() == set()


async def test_another_controller_sees_the_same_and_does_nothing(cluster: FakeCluster) -> None:
    spec = a_spec()
    async with opened_on(cluster.find) as one, opened_on(cluster.find) as other:
        up = await running(one, spec)
        seen = await until(other, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)
        assert seen == up
        posts = cluster.calls["POST pods"]
        await other.ensure(spec)
        assert cluster.calls["POST pods"] == posts
        await other.remove(spec.project_id)
        await until(one, spec.project_id, lambda seen: seen.phase is PodPhase.ABSENT)


async def test_two_controllers_that_both_make_a_pod_make_one(cluster: FakeCluster) -> None:
    async with opened_on(cluster.find) as one, opened_on(cluster.find) as other:
        specs = [a_spec() for _ in range(10)]
        await asyncio.gather(*(running(runtime, spec) for spec in specs for runtime in (one, other)))
        assert sum(plural == "pods" for plural, _ in cluster.objects) == 10


async def test_a_controller_that_slept_cannot_take_away_a_newer_pod(cluster: FakeCluster) -> None:
    spec = a_spec()
    name = names.name_of(spec.project_id)
    async with opened_on(cluster.find) as runtime:
        await running(runtime, spec)
        workshop = runtime._open().workshop  # pyright: ignore[reportPrivateUsage]  a step of an earlier wish
        old = await workshop.pod(name)
        assert old is not None
        await runtime.stop(spec.project_id)
        await running(runtime, spec)
        newer = cluster.pod(name)["metadata"]["uid"]
        await workshop.end(old)
        assert cluster.pod(name)["metadata"]["uid"] == newer
        assert "deletionTimestamp" not in cluster.pod(name)["metadata"]


async def test_what_waits_for_a_pause_is_done_in_one(cluster: FakeCluster) -> None:
    spec = a_spec()
    async with opened_on(cluster.find) as runtime:
        before = await running(runtime, spec)
    async with opened_on(cluster.find, opencode_image="newer") as runtime:
        kept = await running(runtime, spec)
        assert kept.incarnation == before.incarnation, "somebody may be at work in it"
        renewed = a_spec(spec.project_id, renew=True)
        await runtime.ensure(renewed)
        after = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)
        assert after.incarnation != before.incarnation
        assert cluster.pod(names.name_of(spec.project_id))["spec"]["containers"][0]["image"] == "newer"


async def test_a_pod_that_fails_for_want_of_memory_is_given_more(cluster: FakeCluster) -> None:
    cluster.start_delay = None
    spec = a_spec(limits=Limits(memory_mb=512))
    more = a_spec(spec.project_id, limits=Limits(memory_mb=4096))
    async with opened_on(cluster.find) as runtime:
        await runtime.ensure(spec)
        await until(runtime, spec.project_id, lambda seen: ("pods", seen.name) in cluster.objects)
        before = cluster.pod(names.name_of(spec.project_id))["metadata"]["uid"]
        cluster.start_delay = 0.01
        await running(runtime, more)
        assert cluster.pod(names.name_of(spec.project_id))["metadata"]["uid"] != before


async def test_an_evicted_pod_is_made_anew_and_keeps_its_workspace(cluster: FakeCluster) -> None:
    spec = a_spec()
    name = names.name_of(spec.project_id)
    async with opened_on(cluster.find) as runtime:
        await running(runtime, spec)
        claim = cluster.objects["persistentvolumeclaims", name]["metadata"]["uid"]
        cluster.status(name, phase="Failed", reason="Evicted", message="low on disk.", conditions=[])
        seen = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.FAILED)
        assert "evicted the pod: low on disk" in (seen.reason or "")
        await running(runtime, spec)
        assert cluster.objects["persistentvolumeclaims", name]["metadata"]["uid"] == claim


async def test_a_used_up_quota_is_told_and_tried_again(cluster: FakeCluster) -> None:
    spec = a_spec()
    quota = (403, "Forbidden", 'pods "x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5')
    cluster.refuse["POST pods"] = quota
    async with opened_on(cluster.find) as runtime:
        await runtime.ensure(spec)
        seen = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.FAILED)
        assert "quota of the namespace is used up" in (seen.reason or "")
        cluster.refuse.clear()
        await running(runtime, spec)


async def test_the_last_of_several_tries_promises_no_other(cluster: FakeCluster) -> None:
    spec = a_spec()
    cluster.refuse["POST pods"] = (403, "Forbidden", "exceeded quota: pods, requested: pods=1.")
    async with opened_on(cluster.find, pace=0.01) as runtime:
        await runtime.ensure(spec)
        seen = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.FAILED)
        assert (seen.reason or "").endswith("Trying again in 0 s.")
        await until(runtime, spec.project_id, lambda seen: seen.reason and "again" not in seen.reason, 5)
        assert cluster.calls["POST pods"] == TRIES


async def test_a_pod_that_does_not_end_is_a_fault_and_never_forced(cluster: FakeCluster) -> None:
    cluster.end_delay = None
    spec = a_spec()
    async with opened_on(cluster.find, delete_timeout=0.5) as runtime:
        await running(runtime, spec)
        with pytest.raises(RuntimeFault, match="still there"):
            await runtime.remove(spec.project_id)
        assert await runtime.known() == {spec.project_id}, "its workspace is not touched while it may be in use"
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.STOPPING
        cluster.gone("pods", names.name_of(spec.project_id))
        await runtime.remove(spec.project_id)
    assert cluster.objects == {}


async def test_logs_come_without_the_secrets_whoever_made_the_pod(cluster: FakeCluster) -> None:
    spec = a_spec(provider_key="a-key-of-the-provider")
    async with opened_on(cluster.find) as maker, opened_on(cluster.find) as reader:
        await running(maker, spec)
        cluster.logs["opencode"] = f"one\nkey={spec.provider_key} password={spec.opencode_password}\n"
        assert await reader.logs(spec.project_id, Part.OPENCODE) == ["one", "key=[redacted] password=[redacted]"]
        assert await reader.logs(uuid4(), Part.OPENCODE) == []


async def test_without_its_api_a_pod_that_runs_stays_known(cluster: FakeCluster) -> None:
    faults = Faults()
    spec = a_spec()
    async with (
        FaultyProxy(cluster.find(KubernetesSettings()), faults).serving() as proxy,
        opened_on(proxy.find) as runtime,
    ):
        await running(runtime, spec)
        faults.busy, faults.cut_after = 1.0, 0.0
        await asyncio.sleep(0.2)
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.RUNNING
        with pytest.raises(RuntimeFault):
            await runtime.stop(spec.project_id)


async def test_a_cluster_that_is_not_there_is_said_and_waited_for(cluster: FakeCluster) -> None:
    faults = Faults(busy=1.0)
    async with (
        FaultyProxy(cluster.find(KubernetesSettings()), faults).serving() as proxy,
        opened_on(proxy.find, sync_timeout=0.3) as runtime,
    ):
        with pytest.raises(RuntimeFault):
            await runtime.observe(uuid4())
        faults.end()
        async with asyncio.timeout(10):
            while True:
                if await _is_answered(runtime):
                    break
                await asyncio.sleep(0.02)
        await running(runtime, a_spec(), seconds=20)


async def test_watches_continue_where_they_were_and_list_anew_where_they_cannot(cluster: FakeCluster) -> None:
    faults = Faults(cut_after=0.05)
    async with (
        FaultyProxy(cluster.find(KubernetesSettings()), faults).serving() as proxy,
        opened_on(proxy.find, pace=0.01) as runtime,
    ):
        spec = a_spec()
        await running(runtime, spec)
        await asyncio.sleep(0.3)
        lists = cluster.calls["GET pods"] - faults.calls["watch"]
        cluster.forget_history()
        cluster.die(names.name_of(spec.project_id))
        await until(runtime, spec.project_id, lambda seen: any(part.restarts for part in seen.parts))
        assert faults.made["cut"] > 2
        assert lists < 10


async def test_a_failing_api_leaves_no_orphan_and_no_second_pod(cluster: FakeCluster) -> None:
    """Everything that can go wrong at once, with two controllers that both live on; `test_crashes` ends one."""
    faults = Faults(busy=0.1, conflicts=0.2, lost=0.05, forgotten=0.5, cut_after=0.3)
    async with FaultyProxy(cluster.find(KubernetesSettings()), faults).serving() as proxy:
        async with opened_on(proxy.find, pace=0.02) as one, opened_on(proxy.find, pace=0.02) as other:
            lives = [_life(one if number % 2 else other, one, other) for number in range(20)]
            await asyncio.gather(*lives)
            faults.end()
            assert await one.known() == set()
        assert faults.made["409"] > 5
        assert faults.made["cut"] > 2
    assert cluster.objects == {}, list(cluster.objects)


async def _is_answered(runtime: Runtime) -> bool:
    try:
        await runtime.observe(uuid4())
    except RuntimeFault:
        return False
    return True


async def _life(maker: KubernetesRuntime, *all_of_them: KubernetesRuntime) -> None:
    spec = a_spec()

    async def wish() -> None:
        while True:
            with contextlib.suppress(RuntimeFault):
                if (await maker.observe(spec.project_id)).phase in {PodPhase.ABSENT, PodPhase.FAILED}:
                    await maker.ensure(spec)
            await asyncio.sleep(0.1)

    wishing = asyncio.create_task(wish())
    for runtime in all_of_them:
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING, 30)
    wishing.cancel()
    async with asyncio.timeout(30):
        while True:
            try:
                await maker.remove(spec.project_id)
            except RuntimeFault:
                continue
            break
    for runtime in all_of_them:
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.ABSENT, 30)


async def test_a_pod_whose_secret_was_taken_away_gets_it_back_without_a_word(cluster: FakeCluster) -> None:
    cluster.start_delay = None
    spec = a_spec()
    name = names.name_of(spec.project_id)
    async with opened_on(cluster.find) as runtime:
        await runtime.ensure(spec)
        await until(runtime, spec.project_id, lambda _: ("pods", name) in cluster.objects)
        before = cluster.pod(name)["metadata"]["uid"]
        del cluster.objects["secrets", name]
        waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": "secret not found"}}
        statuses = [{"name": "opencode", "ready": False, "image": "x", "state": waiting}]
        cluster.status(name, phase="Pending", containerStatuses=statuses)
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.FAILED)
        await runtime.ensure(spec)
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.FAILED, "until the pod says otherwise"
        async with asyncio.timeout(5):
            while True:
                if ("secrets", name) in cluster.objects:
                    break
                await asyncio.sleep(0.01)
        assert cluster.pod(name)["metadata"]["uid"] == before
