"""Cancelling, at every moment of a run, and the end of its project."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from opm.server.background.reconcile import Reconciler
from opm.server.core.errors import Conflict, Unavailable
from opm.server.db.engine import Database
from opm.server.db.models import OpencodeSession, Project
from opm.server.features.sessions.schemas import RunStatus, Verdict
from tests.fakes.agent import FakeAgent, Turn
from tests.fakes.runtime import NeverRuntime
from tests.server.background.stage import Stage, eventually, staged


async def talk_on(turn: Turn) -> None:
    await turn.say("One two")
    await asyncio.sleep(10_000)


async def test_in_the_queue(stage: Stage) -> None:
    first, second = [await stage.execute(talk_on, title) for title in ("One", "Two")]
    stage.pump()
    await stage.said(first, "two")
    await stage.cancel(second)
    run = await stage.run(second)
    assert (run.status, run.verdict, run.exit_code) == (RunStatus.CANCELLED, Verdict.CANCELLED, 130)
    assert (await stage.card(second)).status == "todo"
    assert len(stage.agent.prompts) == 1


async def test_while_the_pod_starts(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, NeverRuntime(), start_timeout=10_000) as stage:
        task = await stage.execute()
        stage.pump()
        await stage.until(task, RunStatus.STARTING)
        await asyncio.sleep(1)
        await stage.cancel(task)
        run = await stage.ended(task)
        assert (run.status, run.verdict) == (RunStatus.CANCELLED, Verdict.CANCELLED)
        assert (await stage.card(task)).status == "todo"
        assert stage.agent.prompts == []


async def test_while_the_agent_works(stage: Stage) -> None:
    task = await stage.execute(talk_on)
    stage.pump()
    await stage.said(task, "two")
    await stage.cancel(task)
    run = await stage.ended(task)
    assert (run.status, run.verdict, run.exit_code) == (RunStatus.CANCELLED, Verdict.CANCELLED, 130)
    assert stage.agent.aborted == [run.remote_session_id]
    assert await stage.words(task) == "One two", "what was said is kept"
    assert (await stage.card(task)).status == "todo"


async def test_while_a_human_is_asked(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.ask_permission("bash", "ls")

    task = await stage.execute(script)
    stage.pump()

    async def asked() -> bool:
        return (await stage.card(task)).attention == "permission"

    await eventually(asked, "an ask")
    await stage.cancel(task)
    assert (await stage.ended(task)).verdict == Verdict.CANCELLED
    assert (await stage.card(task)).attention is None


async def test_between_two_steps(stage: Stage) -> None:
    """The messages then look as if a tool had been refused."""

    async def script(turn: Turn) -> None:
        await turn.say("One two")
        await turn.next_step()
        await asyncio.sleep(10_000)

    task = await stage.execute(script)
    stage.pump()
    await stage.said(task, "two")
    await stage.cancel(task)
    assert (await stage.ended(task)).verdict == Verdict.CANCELLED


async def test_an_agent_that_does_not_heed_it(stage: Stage) -> None:
    class Stubborn(FakeAgent):
        async def abort(self, session_id: str) -> None:
            raise Unavailable("no answer")

    stage.play(Stubborn())
    task = await stage.execute(talk_on)
    stage.pump()
    await stage.said(task, "two")
    await stage.cancel(task)
    assert (await stage.ended(task)).verdict == Verdict.CANCELLED


async def test_after_the_end_there_is_nothing_to_cancel(stage: Stage) -> None:
    task = await stage.execute()
    stage.pump()
    await stage.ended(task)
    with pytest.raises(Conflict, match="Nothing runs"):
        await stage.cancel(task)


async def test_success_in_the_same_moment_stays_a_success(stage: Stage) -> None:
    """The agent was through before it heard of it."""
    told = asyncio.Event()

    async def script(turn: Turn) -> None:
        await turn.say("Done.")
        await told.wait()
        await turn.finish()

    class Quick(FakeAgent):
        async def abort(self, session_id: str) -> None:
            told.set()
            await asyncio.sleep(1)

    stage.play(Quick())
    task = await stage.execute(script)
    stage.pump()
    await stage.said(task, "Done.")
    await stage.cancel(task)
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert (await stage.card(task)).status == "ai_review"


async def test_a_project_deleted_while_its_agent_works(stage: Stage) -> None:
    first, second = [await stage.execute(talk_on, title) for title in ("One", "Two")]
    pump = stage.pump()
    stage.spawn(Reconciler(stage.ports).run())
    await stage.said(first, "two")
    await stage.world.do(lambda s: s.sessions.delete_project(stage.actor, stage.project.slug))

    async def gone() -> Any:
        (project,) = await stage.world.rows(Project)
        return project.archived_at

    await eventually(gone, "the project to be archived")
    runs = await stage.world.rows(OpencodeSession)
    assert {run.task_id: (run.status, run.verdict) for run in runs} == {
        first: (RunStatus.CANCELLED, Verdict.CANCELLED),
        second: (RunStatus.CANCELLED, Verdict.CANCELLED),
    }
    assert stage.runtime.volumes == set()
    assert stage.runtime.calls[-1][0] == "remove", "the pod was not started again"
    assert pump._drivers == {}
    assert len(stage.agent.aborted) == 1
