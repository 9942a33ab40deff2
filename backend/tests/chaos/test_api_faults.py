"""Controllers that make and take away pods by a cluster's API which fails as busy ones do, and are killed meanwhile.

The API is the one of the fakes, so that a pod costs nothing; on a real one a single runtime goes through the same
faults in `tests/cluster`.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from opm.server.core.kubernetes import KubernetesSettings
from tests.chaos.cluster import REFUSED, Cluster
from tests.chaos.conftest import count
from tests.chaos.stores import PostgresStore
from tests.cluster.faults import Faults, FaultyProxy
from tests.fakes.kubernetes import FakeCluster
from tests.redis import RedisStore

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(7200)]

AT_ONCE = 6
STARTED_BY, GONE_BY = 120.0, 120.0
KILL_EVERY = 8.0


@pytest.fixture
async def api() -> AsyncIterator[FakeCluster]:
    async with FakeCluster(start_delay=0.5, end_delay=0.5).serving() as serving:
        yield serving


async def test_controllers_over_a_failing_api_leave_no_orphan_and_make_nothing_twice(
    api: FakeCluster, postgres: PostgresStore, redis_store: RedisStore, tmp_path: Path
) -> None:
    seconds = count("API_SECONDS", 40)
    faults = Faults(busy=0.1, conflicts=0.2, lost=0.02, forgotten=0.3, cut_after=5.0)
    async with FaultyProxy(api.find(KubernetesSettings()), faults).serving() as proxy:
        named = tmp_path / "kubeconfig"
        named.write_text(yaml.safe_dump(kubeconfig(proxy)))
        async with Cluster(
            tmp_path,
            postgres.url,
            redis_store.url,
            None,
            OPM_RUNTIME__KIND="kubernetes",
            OPM_KUBERNETES__KUBECONFIG=str(named),
        ) as cluster:
            until = time.monotonic() + seconds
            killing = asyncio.create_task(kill_now_and_then(cluster, until))
            lived = sum(await asyncio.gather(*(lives(cluster, number, until) for number in range(AT_ONCE))))
            await killing
            faults.end()
            begun = time.monotonic()
            while api.objects and time.monotonic() - begun < GONE_BY:
                await asyncio.sleep(0.2)
            took = time.monotonic() - begun
    assert api.objects == {}, "orphans"
    made = [kind for kind, plural in api.told() if plural == "persistentvolumeclaims"]
    assert made.count("ADDED") == made.count("DELETED") == lived, "one for each project, and no other"
    assert lived >= AT_ONCE
    assert min(faults.made[what] for what in ("409", "410", "429", "500", "lost", "cut")) > 0, faults.made
    print(f"\n{lived} projects in {seconds} s, the last gone after {took:.1f} s: {faults.calls}; {faults.made}")


def kubeconfig(proxy: FaultyProxy) -> dict[str, object]:
    server = proxy.find(KubernetesSettings()).server
    return {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
        "clusters": [{"name": "one", "cluster": {"server": server}}],
        "users": [{"name": "one", "user": {"token": "a-token"}}],
    }


async def kill_now_and_then(cluster: Cluster, until: float) -> None:
    chance = random.Random(11)
    while time.monotonic() + KILL_EVERY < until:
        await asyncio.sleep(KILL_EVERY)
        controller = chance.choice(cluster.controllers)
        controller.kill()
        controller.start()
        await cluster.ready(controller)


async def lives(cluster: Cluster, worker: int, until: float) -> int:
    """Projects that came, ran, rested, ran again and went, one after another; how many."""
    done = 0
    while done == 0 or time.monotonic() < until:
        project = await cluster.call("POST", "/projects", {"name": f"Life {worker} {done}"}, first=worker)
        path = f"/projects/{project['slug']}"
        await cluster.call("POST", f"{path}/start", first=worker)
        await shown(cluster, path, "running")
        if done % 3 == 0:
            await cluster.call("POST", f"{path}/stop", first=worker)
            await shown(cluster, path, "absent")
            await cluster.call("POST", f"{path}/start", first=worker)
            await shown(cluster, path, "running")
        await delete(cluster, path, worker)
        done += 1
    return done


async def shown(cluster: Cluster, path: str, phase: str) -> None:
    deadline = time.monotonic() + STARTED_BY
    while (seen := await cluster.call("GET", f"{path}/pod"))["phase"] != phase:
        assert time.monotonic() < deadline, f"{path} is not {phase}: {seen}"
        await asyncio.sleep(0.2)


async def delete(cluster: Cluster, path: str, worker: int) -> None:
    """Who is killed may have done it already."""
    for attempt in range(600):
        controller = cluster.controllers[(worker + attempt) % len(cluster.controllers)]
        try:
            async with cluster.http.delete(f"{controller.url}/api{path}", headers=cluster.token) as answer:
                if answer.status < 300 or answer.status == 404:
                    return
                assert answer.status in {409, 503}, await answer.text()
        except REFUSED:
            pass
        await asyncio.sleep(0.1)
    pytest.fail(f"{path} was not deleted")
