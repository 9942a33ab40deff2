"""PostgreSQL and Redis go away and come back under load: nothing that was acknowledged is lost, and nobody who watches
misses anything for good."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.chaos import history
from tests.chaos.cluster import REFUSED, Cluster
from tests.chaos.conftest import count
from tests.chaos.pods import Pods
from tests.chaos.proxy import Proxy
from tests.chaos.stores import PostgresStore
from tests.chaos.watchers import BoardWatcher, follow_output
from tests.redis import RedisStore

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(7200)]

QUIET_SECONDS, AWAY_SECONDS = 2.0, 4.0


@dataclass
class Load:
    """Cards written to one board on all controllers, some of them run; watched on each, board and output."""

    cluster: Cluster
    project: Any
    acknowledged: dict[str, float] = field(default_factory=dict[str, float])
    outputs: list[asyncio.Task[list[int]]] = field(default_factory=list[Any])
    watchers: list[BoardWatcher] = field(default_factory=list[BoardWatcher])
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list[Any])
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        for number in range(len(self.cluster.controllers)):
            watcher = BoardWatcher(self.cluster, self.project["id"], self.project["slug"], number)
            self.watchers.append(watcher)
            self._tasks.append(asyncio.create_task(watcher.run()))
        writers = [asyncio.create_task(self._write(number)) for number in range(3)]
        try:
            yield
        finally:
            self._over.set()  # in the middle of nothing: what is done is known
            await asyncio.gather(*writers)

    async def _write(self, worker: int) -> None:
        path = f"/projects/{self.project['slug']}/tasks"
        for number in itertools.count():
            if self._over.is_set():
                return
            card = await self.cluster.call("POST", path, {"title": f"{worker}-{number}"}, first=worker + number)
            self.acknowledged[card["id"]] = time.monotonic()
            if number % 5 == 0:
                await self.cluster.call("POST", f"{path}/{card['id']}/execute", first=number)
                following = follow_output(self.cluster, self.project["slug"], card["id"], worker)
                self.outputs.append(asyncio.create_task(following))
            await asyncio.sleep(0.1)

    async def judge(self) -> dict[str, Any]:
        slug = self.project["slug"]
        stored: list[str] = []
        cursor = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = await self.cluster.call("GET", f"/projects/{slug}/tasks?limit=200{more}")
            stored += [card["id"] for card in page["items"]]
            cursor = page["next_cursor"]
        assert set(self.acknowledged) <= set(stored), "what was acknowledged is there"
        await _until(lambda: all(set(stored) <= set(watcher.cards) for watcher in self.watchers), 15)
        async with asyncio.timeout(120):
            for numbers in await asyncio.gather(*self.outputs):
                assert numbers == list(range(1, len(numbers) + 1)), "every line of output, once and in order"
        late = sorted(watcher.cards[card] - at for watcher in self.watchers for card, at in self.acknowledged.items())
        return {
            "cards": len(stored),
            "outputs": len(self.outputs),
            "resets": sum(watcher.resets for watcher in self.watchers),
            "news late by s, p50": round(late[len(late) // 2], 3),
            "p99": round(late[len(late) * 99 // 100], 2),
            "most": round(late[-1], 2),
        }

    async def end(self) -> None:
        for task in [*self._tasks, *self.outputs]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self.outputs, return_exceptions=True)


async def _until(reached: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "somebody who watched has not heard of everything"
        await asyncio.sleep(0.1)


@pytest.fixture
async def load(cluster: Cluster) -> AsyncIterator[Load]:
    project = await cluster.call("POST", "/projects", {"name": "Watched"})
    await cluster.call("PATCH", f"/projects/{project['slug']}", {"max_concurrent_runs": 8})
    made = Load(cluster, project)
    yield made
    await made.end()


async def probe(cluster: Cluster, path: str) -> list[tuple[int, bool, float]]:
    """Of each controller: status, whether it says when to come again, seconds."""

    async def ask(url: str) -> tuple[int, bool, float]:
        began = time.monotonic()
        async with cluster.http.get(f"{url}/api{path}", headers=cluster.token) as answer:
            return answer.status, "Retry-After" in answer.headers, time.monotonic() - began

    return await asyncio.gather(*(ask(controller.url) for controller in cluster.controllers))


async def test_postgres_goes_away(cluster: Cluster, postgres: PostgresStore, pods: Pods, load: Load) -> None:
    outages, slowest, latest = count("OUTAGES", 4), 0.0, 0.0
    async with load.going():
        for number in range(outages):
            await asyncio.sleep(QUIET_SECONDS)
            postgres.stop(at_once=number % 2 == 1)
            until = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < until:
                for status, again, seconds in await probe(cluster, "/projects"):
                    assert (status, again) == (503, True)
                    slowest = max(slowest, seconds)
                assert {status for status, _, _ in await probe(cluster, "/readyz")} == {503}
                assert {status for status, _, _ in await probe(cluster, "/healthz")} == {200}
                await asyncio.sleep(0.3)
            postgres.start()
            latest = max(latest, *await asyncio.gather(*(cluster.ready(each) for each in cluster.controllers)))
        await asyncio.sleep(QUIET_SECONDS)
    figures = await load.judge()
    runs = await history.judge(postgres.url, pods, len(load.outputs))
    print(f"\n{outages} outages of PostgreSQL, slowest 503 {slowest:.2f} s, ready after {latest:.1f} s:", figures, runs)
    assert slowest < 2.5
    assert latest < 10


async def test_redis_goes_away(
    cluster: Cluster, postgres: PostgresStore, redis_store: RedisStore, pods: Pods, load: Load
) -> None:
    outages = count("OUTAGES", 4)
    async with load.going():
        for _ in range(outages):
            await asyncio.sleep(QUIET_SECONDS)
            redis_store.stop()
            await asyncio.sleep(AWAY_SECONDS)
            assert {status for status, _, _ in await probe(cluster, "/readyz")} == {200}, "it is not needed"
            redis_store.start()
        await asyncio.sleep(QUIET_SECONDS)
    figures = await load.judge()
    runs = await history.judge(postgres.url, pods, len(load.outputs))
    print(f"\n{outages} outages of Redis:", figures, runs)
    assert figures["p99"] < 5, "two seconds later at most, and as long as a busy machine takes"


async def test_restarts_one_after_another(cluster: Cluster, postgres: PostgresStore, pods: Pods, load: Load) -> None:
    restarts, failed, asked, slowest = count("RESTARTS", 6), [], 0, 0.0
    async with Proxy(cluster) as proxy, load.going():
        over = asyncio.Event()

        async def browse() -> None:
            nonlocal asked
            session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
            async with session:
                while not over.is_set():
                    asked += 1
                    try:
                        async with session.get(f"{proxy.url}/api/projects", headers=cluster.token) as answer:
                            if answer.status != 200:
                                failed.append(f"{answer.status} {await answer.text()}")
                    except REFUSED as exc:
                        failed.append(repr(exc))
                    await asyncio.sleep(0.1)

        browsing = [asyncio.create_task(browse()) for _ in range(4)]
        for number in range(restarts):
            controller = cluster.controllers[number % len(cluster.controllers)]
            slowest = max(slowest, await controller.stop())
            controller.start()
            await cluster.ready(controller)
            await asyncio.sleep(0.5)
        over.set()
        await asyncio.gather(*browsing)
    figures = await load.judge()
    runs = await history.judge(postgres.url, pods, len(load.outputs))
    back = sorted(_resumptions(load))
    print(f"\n{restarts} restarts, {asked} requests, {len(failed)} failed, slowest end {slowest:.1f} s,")
    print(f"boards back after at most {back[-1] if back else 0:.1f} s:", figures, runs)
    assert failed == []
    assert slowest < 30
    assert all(seconds < 5 for seconds in back)


def _resumptions(load: Load) -> list[float]:
    return [
        min(at for at in watcher.connects if at > loss) - loss
        for watcher in load.watchers
        for loss in watcher.losses
        if any(at > loss for at in watcher.connects)
    ]
