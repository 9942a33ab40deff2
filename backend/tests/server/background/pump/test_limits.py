"""Runs that hang, take too long, or never begin."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opm.server.clients.base import AgentEvent
from opm.server.core.errors import Unavailable
from opm.server.db.engine import Database
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.sessions.schemas import RunStatus, Verdict
from tests.fakes.agent import FakeAgent, Turn
from tests.fakes.runtime import DiesRuntime, NeverRuntime, RefusesRuntime, SlowRuntime
from tests.server.background.stage import Stage, staged


@pytest.fixture
async def hurried(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    limits: dict[str, Any] = {"no_progress_timeout": 20, "wall_clock": 40, "accept_timeout": 5, "start_timeout": 5}
    async with staged(sqlite_database, tmp_path, **limits) as stage:
        yield stage


async def test_silence_ends_the_run(hurried: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("Let me think.")
        await asyncio.sleep(10_000)

    task = await hurried.execute(script)
    hurried.pump()
    run = await hurried.ended(task)
    assert (run.status, run.verdict, run.exit_code) == (RunStatus.FAILED, Verdict.TIMEOUT, 124)
    assert "Nothing came from the agent for 20 s" in (run.reason or "")
    assert hurried.agent.aborted == [run.remote_session_id]
    assert (run.final_output, (await hurried.card(task)).status) == ("Let me think.", "human_review")


async def test_a_run_that_never_stops_talking_is_stopped(hurried: Stage) -> None:
    async def script(turn: Turn) -> None:
        while True:
            await turn.say("And another thing.")
            await turn.next_step()
            await asyncio.sleep(5)

    task = await hurried.execute(script)
    hurried.pump()
    run = await hurried.ended(task)
    assert run.verdict == Verdict.TIMEOUT
    assert "longer than 40 s" in (run.reason or "")


async def test_waiting_for_a_human_counts_for_neither(hurried: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.ask_permission("bash", "ls")
        await turn.say("Thanks.")
        await turn.finish()

    task = await hurried.execute(script)
    hurried.pump()
    ask = await hurried.ask(task, InteractionKind.PERMISSION)
    await asyncio.sleep(55)
    assert (await hurried.run(task)).verdict is None
    await hurried.answer(ask, reply="once")
    assert (await hurried.ended(task)).verdict == Verdict.SUCCESS


@pytest.mark.parametrize("waits", [False, True])
async def test_the_time_before_another_controller_took_over_counts_unless_a_human_was_waited_for(
    hurried: Stage, *, waits: bool
) -> None:
    async def script(turn: Turn) -> None:
        if waits:
            await turn.ask_permission("bash", "ls")
        for _ in range(4):
            await turn.say("And another thing.")
            await asyncio.sleep(5)
        await turn.finish()

    task = await hurried.execute(script)
    first = hurried.pump()
    ask = await hurried.ask(task, InteractionKind.PERMISSION) if waits else None
    if ask is None:
        await hurried.said(task, "thing.")
    await hurried.drop(first)
    hurried.pump()
    if ask is not None:
        await asyncio.sleep(15)
        await hurried.answer(ask, reply="once")
    run = await hurried.ended(task)
    assert run.verdict == (Verdict.SUCCESS if waits else Verdict.TIMEOUT)
    assert waits or "longer than 40 s" in (run.reason or "")


async def test_a_lost_idle_is_noticed_all_the_same(hurried: Stage) -> None:
    """Only the stored messages and the list of busy sessions tell; the event never comes."""

    class Mumbling(FakeAgent):
        def emit(self, kind: str, **properties: object) -> None:
            if kind != "session.idle" and properties.get("status") != {"type": "idle"}:
                super().emit(kind, **properties)

    hurried.play(Mumbling())
    task = await hurried.execute()
    hurried.pump()
    assert (await hurried.ended(task)).verdict == Verdict.SUCCESS


async def test_a_prompt_that_nothing_comes_of_is_a_failed_start(hurried: Stage) -> None:
    hurried.agent.deaf = True
    task = await hurried.execute()
    hurried.pump()
    run = await hurried.ended(task)
    assert run.verdict == Verdict.FAILED
    assert "without any answer" in (run.reason or "")


async def test_an_agent_that_cannot_be_reached_is_a_failed_start(hurried: Stage) -> None:
    class Mute(FakeAgent):
        async def create_session(self, title: str) -> str:
            raise Unavailable("The pod of this project cannot be reached.")

    hurried.play(Mute())
    task = await hurried.execute()
    hurried.pump()
    run = await hurried.ended(task)
    assert (run.verdict, run.reason) == (Verdict.FAILED, "The pod of this project cannot be reached.")


class Shut(FakeAgent):
    """Its stream cannot be opened the first `times`."""

    times = 3

    async def events(self) -> AsyncGenerator[AgentEvent]:
        if self.times:
            self.times -= 1
            raise Unavailable("The pod does not answer.")
        async for event in super().events():
            yield event


async def test_the_prompt_waits_until_the_stream_is_open(hurried: Stage) -> None:
    async def script(turn: Turn) -> None:
        assert turn.agent._streams, "somebody listens"
        await turn.finish()

    hurried.play(Shut())
    task = await hurried.execute(script)
    hurried.pump()
    assert (await hurried.ended(task)).verdict == Verdict.SUCCESS


async def test_an_agent_that_cannot_be_heard_is_not_spoken_to(hurried: Stage) -> None:
    agent = Shut()
    agent.times = 1000
    hurried.play(agent)
    task = await hurried.execute()
    hurried.pump()
    run = await hurried.ended(task)
    assert run.verdict == Verdict.FAILED
    assert run.reason == "The agent cannot be listened to: The pod does not answer."
    assert agent.prompts == []


# --- pods that do not start --------------------------------------------------------------------------------


async def test_a_slow_pod_is_waited_for(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, SlowRuntime(start_delay=20)) as stage:
        task = await stage.execute()
        stage.pump()
        assert (await stage.ended(task)).verdict == Verdict.SUCCESS


async def test_a_pod_that_never_starts_fails_the_run_with_the_reason(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, NeverRuntime(), start_timeout=5) as stage:
        first, second = [await stage.execute(title=title) for title in ("One", "Two")]
        stage.pump()
        run = await stage.ended(first)
        assert run.verdict == Verdict.FAILED
        assert run.reason == "The pod did not become ready within 5 s: OpenCode is starting"
        assert (await stage.ended(second)).verdict == Verdict.FAILED, "the queue goes on"
        assert stage.agent.prompts == []


async def test_a_runtime_that_refuses_fails_the_run_with_the_reason(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, RefusesRuntime()) as stage:
        task = await stage.execute()
        stage.pump()
        run = await stage.ended(task)
        assert (run.verdict, run.reason) == (Verdict.FAILED, "The place where pods run cannot be reached.")


async def test_a_pod_that_dies_and_stays_down_ends_its_run(sqlite_database: Database, tmp_path: Path) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("Oh.")
        await asyncio.sleep(10_000)

    async with staged(sqlite_database, tmp_path, DiesRuntime(lives_for=30)) as stage:
        task = await stage.execute(script)
        stage.pump()
        await stage.said(task, "Oh.")
        await stage.agent.crash()
        run = await stage.ended(task)
        assert run.verdict == Verdict.INTERRUPTED
        assert "exit code 1" in (run.reason or "")
