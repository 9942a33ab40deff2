"""Controllers that are killed and paused while they drive runs. Nothing is lost, nothing is done twice."""

import asyncio
import random
import signal
from typing import Any

import pytest

from tests.chaos import history
from tests.chaos.cluster import Cluster, Controller
from tests.chaos.conftest import count
from tests.chaos.leaders import Leaders
from tests.chaos.pods import Pods
from tests.chaos.stores import PostgresStore

pytestmark = [pytest.mark.chaos, pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(7200)]


class Faults:
    """Strikes one controller after another, at random, until it has often enough; two are always left alone."""

    def __init__(self, cluster: Cluster, strike: Any, times: int) -> None:
        self._cluster = cluster
        self._strike = strike
        self._times = times
        self._random = random.Random(7)

    async def run(self) -> None:
        for _ in range(self._times):
            await asyncio.sleep(self._random.uniform(0.1, 1.0))
            await self._strike(self._cluster, self._random.choice(self._cluster.controllers), self._random)


async def kill(cluster: Cluster, controller: Controller, _: random.Random) -> None:
    controller.kill()
    controller.start()
    await cluster.ready(controller)


async def pause(_: Cluster, controller: Controller, chance: random.Random) -> None:
    """For longer than a lease, so that another takes over what it still believes to have."""
    controller.signal(signal.SIGSTOP)
    await asyncio.sleep(5 * chance.uniform(1.3, 2.0))
    controller.signal(signal.SIGCONT)


async def under(faults: Faults, cluster: Cluster, runs: int, url: str) -> int:
    """At least as many runs, and more for as long as faults come; how many there were."""
    slugs = await history.projects(cluster, 12)
    made = 0
    striking = asyncio.create_task(faults.run())
    while made < runs or not striking.done():
        await history.execute_all(cluster, slugs, 20)
        made += 20
        while made - await history.ended_of(url) > 40:
            await asyncio.sleep(0.2)
    await striking
    await history.all_ended(url, made, 120)
    return made


async def test_killed_controllers(cluster: Cluster, postgres: PostgresStore, pods: Pods) -> None:
    kills = count("KILLS", 12)
    async with Leaders(cluster).watched() as leaders:
        made = await under(Faults(cluster, kill, kills), cluster, count("RUNS", 80), postgres.url)
    print(f"\n{kills} kills:", await history.judge(postgres.url, pods, made), leaders.judge())


async def test_paused_controllers(cluster: Cluster, postgres: PostgresStore, pods: Pods) -> None:
    pauses = count("PAUSES", 5)
    async with Leaders(cluster).watched() as leaders:
        made = await under(Faults(cluster, pause, pauses), cluster, count("RUNS", 80), postgres.url)
    print(f"\n{pauses} pauses:", await history.judge(postgres.url, pods, made), leaders.judge())
