"""What the stories are set up with. How much they do is told by the environment: `OPM_CHAOS_RUNS=1000` and the like."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.absent import absent
from tests.chaos.cluster import Cluster
from tests.chaos.pods import Pods
from tests.chaos.stores import PostgresStore
from tests.fakes.agent import Turn
from tests.postgres import find_binaries
from tests.redis import RedisStore


def count(name: str, usual: int) -> int:
    return int(os.environ.get(f"OPM_CHAOS_{name}", usual))


@pytest.fixture
def postgres() -> Iterator[PostgresStore]:
    binaries = find_binaries()
    if binaries is None:
        absent("PostgreSQL is not installed (apt install postgresql), so several controllers were not tested")
    store = PostgresStore(binaries)
    try:
        store.start()
        yield store
    finally:
        store.end()


async def talk(turn: Turn) -> None:
    """Slowly enough to be broken off in the middle; what it says tells the prompt apart."""
    for number in range(6):
        await turn.say(f"{turn.text} word {number}.")
        await asyncio.sleep(0.15)
    await turn.finish()


@pytest.fixture
async def pods() -> AsyncIterator[Pods]:
    made = Pods(talk)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def cluster(
    postgres: PostgresStore, redis_store: RedisStore, pods: Pods, tmp_path: Path
) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, postgres.url, redis_store.url, pods, OPM_DRAIN_SECONDS="1") as running:
        yield running
