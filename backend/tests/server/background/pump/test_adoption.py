"""What breaks around a run: controllers, pods, prompts on their way. The prompt is sent once, ever."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from opm.server.background.pump.claims import Pump
from opm.server.core.errors import Unavailable
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.sessions.schemas import RunStatus, Verdict
from tests.fakes.agent import FakeAgent, Turn
from tests.server.background.stage import Play, Stage, eventually


async def test_another_controller_goes_on_with_the_run(stage: Stage) -> None:
    play = Play()
    task = await stage.execute(play)
    first = stage.pump()
    await stage.said(task, "broke.")
    before = await stage.run(task)
    await stage.drop(first)
    play.go_on.set()
    await stage.agent.idle()
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, "Before it broke.\n\nAfter that.")
    assert run.fence == before.fence + 1
    assert await stage.words(task) == "Before it broke.|After that."
    assert len(stage.agent.prompts) == 1


@pytest.mark.parametrize("away", ["session", "message", "messages", "permissions"])
async def test_a_pod_that_does_not_answer_for_a_moment_ends_no_run_that_is_taken_up(stage: Stage, away: str) -> None:
    class Away(FakeAgent):
        silent = 0

        def __getattribute__(self, name: str) -> Any:
            if name == away and self.silent:
                self.silent -= 1
                raise Unavailable("The pod cannot be reached.", reason="unreachable")
            return super().__getattribute__(name)

    agent, play = Away(), Play()
    stage.play(agent)
    task = await stage.execute(play)
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.drop(first)
    agent.silent = 3
    stage.pump()

    async def taken_over() -> bool:
        return "goes on" in str(await stage.output(task))

    await eventually(taken_over, "the second driver")
    play.go_on.set()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, "Before it broke.\n\nAfter that.")
    assert agent.silent == 0
    assert len(agent.prompts) == 1


async def test_a_new_start_takes_its_runs_up_at_once(stage: Stage) -> None:
    play = Play()
    task = await stage.execute(play)
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.silence()
    await first.stop()
    again = Pump(stage.ports)
    await again.recover()
    assert [claim.was_running for claim in await stage.world.claim("again")] == [True]


async def test_a_driver_of_the_past_writes_nothing(stage: Stage) -> None:
    play = Play()
    task = await stage.execute(play)
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.silence()
    stage.world.clock.pass_by(hours=1)
    stage.pump()

    async def taken_over() -> bool:
        return "goes on" in str(await stage.output(task))

    await eventually(taken_over, "the second driver")
    assert len(first._drivers) == 1, "the first one does not know yet"
    play.go_on.set()
    run = await stage.ended(task)
    await eventually(lambda: asyncio.sleep(0, not first._drivers), "the first driver to give up")
    assert run.verdict == Verdict.SUCCESS
    output = await stage.output(task)
    assert [event["type"] for event in output].count("completion") == 1
    assert await stage.words(task) == "Before it broke.|After that."
    assert len(stage.agent.prompts) == 1


async def test_open_asks_outlive_the_controller(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.say(str(await turn.ask_permission("bash", "ls")))
        await turn.finish()

    task = await stage.execute(script)
    first = stage.pump()
    ask = await stage.ask(task, InteractionKind.PERMISSION)
    await stage.drop(first)
    await stage.answer(ask, reply="always")
    stage.pump()
    assert (await stage.ended(task)).final_output == "('always', None)"
    assert [i.state for i in await stage.interactions(task)][1:] == ["answered"]


async def test_a_cancellation_outlives_the_controller(stage: Stage) -> None:
    task = await stage.execute(Play())
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.drop(first)
    await stage.cancel(task)
    stage.pump()
    assert (await stage.ended(task)).verdict == Verdict.CANCELLED


class LossyAgent(FakeAgent):
    """The answer to the first prompt is lost; the prompt itself only if `arrives` says so."""

    def __init__(self, *, arrives: bool) -> None:
        super().__init__()
        self.arrives = arrives
        self.tries = 0

    async def prompt(self, session_id: str, body: Mapping[str, Any]) -> None:
        self.tries += 1
        if self.tries > 1 or self.arrives:
            await super().prompt(session_id, body)
        if self.tries == 1:
            raise Unavailable("The connection broke.")


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_prompt_whose_answer_was_lost_arrives_once(stage: Stage, *, arrives: bool) -> None:
    agent = LossyAgent(arrives=arrives)
    stage.play(agent)
    task = await stage.execute()
    stage.pump()
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert len(agent.prompts) == 1
    assert agent.tries == (1 if arrives else 2)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_controller_that_dies_while_it_sends(stage: Stage, *, arrives: bool) -> None:
    class Hanging(FakeAgent):
        hangs = True

        async def prompt(self, session_id: str, body: Mapping[str, Any]) -> None:
            if arrives or not self.hangs:
                await super().prompt(session_id, body)
            if self.hangs:
                await asyncio.sleep(10_000)

    agent = Hanging()
    stage.play(agent)
    task = await stage.execute()
    first = stage.pump()

    async def attached() -> bool:
        return (await stage.run(task)).remote_session_id is not None

    await eventually(attached, "the agent's session to be saved")
    await asyncio.sleep(1)
    await stage.drop(first)
    agent.hangs = False
    stage.pump()
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert len(agent.prompts) == 1
    assert len(agent.info) == 1, "one session"


async def break_pod(stage: Stage) -> None:
    await stage.agent.crash()
    stage.runtime.die(stage.project.id)
    stage.agent.restart()


async def test_a_pod_that_is_restarted_interrupts_the_run(stage: Stage) -> None:
    task = await stage.execute(Play())
    stage.pump()
    await stage.said(task, "broke.")
    await break_pod(stage)
    run = await stage.ended(task)
    assert (run.status, run.verdict) == (RunStatus.FAILED, Verdict.INTERRUPTED)
    assert "restarted" in (run.reason or "")
    assert await stage.words(task) == "Before it broke."
    assert (await stage.card(task)).status == "human_review"

    play = Play()
    play.go_on.set()
    stage.agent.script = play
    await stage.feedback(task, "Go on")
    again = await stage.ended(task)
    assert again.verdict == Verdict.SUCCESS
    assert again.remote_session_id == run.remote_session_id
    assert len(stage.agent.prompts) == 2


async def test_a_pod_restarted_while_no_controller_was_there(stage: Stage) -> None:
    task = await stage.execute(Play())
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.drop(first)
    await break_pod(stage)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, len(stage.agent.prompts)) == (Verdict.INTERRUPTED, 1)
    assert "restarted" in (run.reason or "")


async def test_a_run_that_ended_before_its_pod_broke_counts_as_it_ended(stage: Stage) -> None:
    play = Play()
    task = await stage.execute(play)
    first = stage.pump()
    await stage.said(task, "broke.")
    await stage.drop(first)
    play.go_on.set()
    await stage.agent.idle()
    await break_pod(stage)
    stage.pump()
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS


async def test_a_pod_that_goes_for_good_ends_the_run_with_the_reason(stage: Stage) -> None:
    task = await stage.execute(Play())
    stage.pump()
    await stage.said(task, "broke.")
    await stage.agent.crash()
    await stage.runtime.stop(stage.project.id)
    run = await stage.ended(task)
    assert run.verdict == Verdict.INTERRUPTED
    assert "absent" in (run.reason or "")


async def test_watching_that_fails_says_nothing_about_the_run(stage: Stage) -> None:
    """A pod that does not answer one question is asked again by the next driver."""

    class Moody(FakeAgent):
        moody = False

        async def children(self, session_id: str) -> list[dict[str, Any]]:
            if self.moody:
                self.moody = False
                raise Unavailable("The pod does not answer.")
            return await super().children(session_id)

    agent, play = Moody(), Play()
    stage.play(agent)
    task = await stage.execute(play)
    pump = stage.pump()
    await stage.said(task, "broke.")
    agent.moody = True
    agent.drop_streams()
    await eventually(lambda: asyncio.sleep(0, not pump._drivers), "the driver to break off")
    assert (await stage.run(task)).verdict is None
    stage.world.clock.pass_by(hours=1)
    play.go_on.set()
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert len(agent.prompts) == 1
