"""Loops that fail start again, later and later; and all of them end together."""

import asyncio
import itertools

import pytest

from opm.server.background.loops import Background
from opm.server.background.supervisor import Bell, Supervisor
from opm.server.features.sessions.schemas import Verdict
from tests.server.background.stage import Stage


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_loop_that_fails_starts_again_later_and_later() -> None:
    begun: list[float] = []

    async def failing() -> None:
        begun.append(now())
        raise RuntimeError("no luck")

    supervisor = Supervisor()
    supervisor.start("failing", failing)
    await asyncio.sleep(20)
    await supervisor.stop()
    pauses = [b - a for a, b in itertools.pairwise(begun)]
    assert [round(pause * 2) / 2 for pause in pauses[:4]] == pytest.approx([0.5, 1, 2, 4], abs=0.5)
    count = len(begun)
    await asyncio.sleep(20)
    assert len(begun) == count, "stopped means stopped"


async def test_a_loop_that_worked_long_starts_again_at_once() -> None:
    begun: list[float] = []

    async def works_a_while() -> None:
        begun.append(now())
        await asyncio.sleep(31)
        raise RuntimeError("no luck")

    supervisor = Supervisor()
    supervisor.start("works a while", works_a_while)
    await asyncio.sleep(68)
    await supervisor.stop()
    assert [b - a for a, b in itertools.pairwise(begun)] == pytest.approx([31.5, 31.5], abs=0.5)


async def test_one_loop_does_not_disturb_another() -> None:
    ticks = 0

    async def failing() -> None:
        raise RuntimeError("no luck")

    async def ticking() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(1)

    supervisor = Supervisor()
    supervisor.start("failing", failing)
    supervisor.start("ticking", ticking)
    await asyncio.sleep(10.5)
    await supervisor.stop()
    assert ticks >= 9


async def test_a_bell_wakes_who_waits_and_is_heard_once() -> None:
    bell = Bell()
    assert await bell.wait(0) is False
    bell.ring()
    bell.ring()
    assert await bell.wait(0) is True
    assert await bell.wait(0) is False
    waiting = asyncio.create_task(bell.wait(100))
    await asyncio.sleep(0)
    before = now()
    bell.ring()
    assert await waiting is True
    assert now() - before < 5


async def test_all_loops_together_do_the_main_job_and_stop_in_order(stage: Stage) -> None:
    task = await stage.execute()
    async with Background(stage.ports):
        assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert stage.runtime.pods, "pods are the runtime's to end"
    left = {t.get_name() for t in asyncio.all_tasks()} & {"watch", "reconcile", "pump", "reap"}
    assert left == set()
