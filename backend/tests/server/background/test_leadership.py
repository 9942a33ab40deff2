"""Who leads: one at a time, somebody else soon, and nobody who only believes to."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opm.server.background.leadership import NAME, Lead, Leadership
from opm.server.core.settings import RunSettings
from opm.server.db.engine import Database
from opm.server.features.sessions.runs import Fenced
from opm.server.wiring import Ports
from tests.builders import World

pytestmark = pytest.mark.postgres
LEASE = 1.5


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"plain": asyncio.SelectorEventLoop}


class Deaf(Database):
    """As seen by a process that is paused: what it asks is not answered, and it does not know that time passes."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._hears = asyncio.Event()
        self._hears.set()

    def pause(self) -> None:
        self._hears.clear()

    def go_on(self) -> None:
        self._hears.set()

    @contextlib.asynccontextmanager
    async def session(self, *, write: bool) -> AsyncIterator[Any]:
        await self._hears.wait()
        async with super().session(write=write) as session:
            yield session


class Candidate:
    """Acts all the time while it leads, and notes when."""

    def __init__(self, url: str, folder: Path, acts: list[tuple[float, int, str]], number: int) -> None:
        self.database = Deaf.at(url, pool_size=3)
        world = World(self.database, folder, run=RunSettings(lease=LEASE))
        self.ports: Ports = replace(world.ports)
        self.number = number
        self._acts = acts
        self.refused = 0
        self.leadership = Leadership(self.ports, {"act": self._act})
        self._task: asyncio.Task[None] | None = None

    async def _act(self, lead: Lead) -> None:
        while True:
            try:
                lead.require()
                self._acts.append((time.monotonic(), self.number, "does"))
                async with lead.scope():
                    began = time.monotonic()
                self._acts.append((began, self.number, "writes"))
            except Fenced:
                self.refused += 1
            await asyncio.sleep(0.01)

    def start(self) -> None:
        self._task = asyncio.create_task(self.leadership.run())

    async def die(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def end(self) -> None:
        self.database.go_on()
        await self.die()
        await self.database.close()


class Election:
    def __init__(self, url: str, folder: Path) -> None:
        self.acts: list[tuple[float, int, str]] = []
        self.candidates = [Candidate(url, folder, self.acts, number) for number in range(3)]

    async def leader(self, *, other_than: Candidate | None = None) -> Candidate:
        for _ in range(2000):
            for candidate in self.candidates:
                if candidate.leadership.leads and candidate is not other_than:
                    return candidate
            await asyncio.sleep(0.01)
        pytest.fail("nobody leads")

    def terms(self) -> list[tuple[int, float, float]]:
        """Who acted from when to when, in order; fails where two acted at once."""
        found: list[tuple[int, float, float]] = []
        for at, who, _ in sorted(self.acts):
            if found and found[-1][0] == who:
                found[-1] = (who, found[-1][1], at)
            else:
                found.append((who, at, at))
        return found


@pytest.fixture
async def election(migrated_postgres_url: str, tmp_path: Path) -> AsyncIterator[Election]:
    made = Election(migrated_postgres_url, tmp_path)
    for candidate in made.candidates:
        candidate.start()
    yield made
    for candidate in made.candidates:
        await candidate.end()


async def test_one_leads_until_it_is_gone_and_then_another(election: Election) -> None:
    for _ in range(4):
        leader = await election.leader()
        await asyncio.sleep(0.5)
        assert [each for each in election.candidates if each.leadership.leads] == [leader]
        began = time.monotonic()
        await leader.die()
        await election.leader(other_than=leader)
        assert time.monotonic() - began < LEASE + 2.5
        leader.start()
    await asyncio.sleep(0.5)  # the last one leads and may not have acted yet
    terms = election.terms()
    assert len(terms) == 5, "nobody acted in the term of another"
    assert all(before[0] != after[0] for before, after in itertools.pairwise(terms))


async def test_one_that_cannot_renew_ends_before_another_begins(election: Election) -> None:
    for _ in range(3):
        leader = await election.leader()
        await asyncio.sleep(0.3)
        leader.database.pause()
        second = await election.leader(other_than=leader)
        assert not leader.leadership.leads
        await asyncio.sleep(0.2)
        leader.database.go_on()
        await asyncio.sleep(0.3)
        assert second.leadership.leads
    assert len(election.terms()) == 4


async def test_who_hands_over_is_followed_at_once(election: Election) -> None:
    leader = await election.leader()
    await leader.die()
    began = time.monotonic()
    await leader.leadership.hand_over()
    await election.leader(other_than=leader)
    assert time.monotonic() - began < 2.2


async def test_a_write_of_a_former_leader_is_refused_though_its_own_clock_stood_still(election: Election) -> None:
    """The lease in its hands believes to last; the row says otherwise, in the same transaction."""
    leader = await election.leader()
    lease = leader.leadership._lease
    assert lease is not None
    await leader.die()
    await election.leader(other_than=leader)
    lease.extend(time.monotonic() + 100)
    with pytest.raises(Fenced):
        async with Lead(leader.ports, lease).scope():
            pytest.fail("it may write")


async def test_the_next_waits_for_a_write_that_is_under_way(election: Election) -> None:
    leader = await election.leader()
    lease = leader.leadership._lease
    assert lease is not None
    async with leader.ports.scope() as scope:
        await scope.leases.require(NAME, lease.fence.number)
        await leader.die()
        await asyncio.sleep(LEASE + 1)
        assert not any(each.leadership.leads for each in election.candidates)
    await election.leader(other_than=leader)


async def test_the_embedded_database_has_one_controller(small_world: World) -> None:
    begun = asyncio.Event()

    async def loop(lead: Lead) -> None:
        async with lead.scope():
            begun.set()
        await asyncio.Event().wait()

    leadership = Leadership(small_world.ports, {"loop": loop})
    running = asyncio.create_task(leadership.run())
    await asyncio.wait_for(begun.wait(), 5)
    assert leadership.leads
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not leadership.leads
