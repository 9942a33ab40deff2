"""Streams that break, and answers on their way: what was said is heard, what was answered arrives, once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from opm.server.clients.base import AgentEvent
from opm.server.core.errors import Unavailable
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.sessions.schemas import Verdict
from tests.fakes.agent import FakeAgent, Turn
from tests.server.background.stage import Play, Stage


class BarredAgent(FakeAgent):
    """Its stream can be shut for a while."""

    barred = False

    async def events(self) -> AsyncGenerator[AgentEvent]:
        if self.barred:
            raise Unavailable("The pod does not answer.")
        async for event in super().events():
            yield event


async def test_a_stream_that_breaks_loses_nothing(stage: Stage) -> None:
    agent, play = BarredAgent(), Play()
    stage.play(agent)
    task = await stage.execute(play)
    stage.pump()
    await stage.said(task, "broke.")
    agent.barred = True
    agent.drop_streams()
    await asyncio.sleep(1)
    play.go_on.set()
    await agent.idle()
    agent.barred = False
    run = await stage.ended(task)
    assert run.verdict == Verdict.SUCCESS
    assert await stage.words(task) == "Before it broke.|After that."
    assert "snapshot" in [event["type"] for event in await stage.output(task)]
    assert len(agent.prompts) == 1


async def test_a_text_cut_by_the_break_ends_up_whole(stage: Stage) -> None:
    """OpenCode stores a text only at its end; what was heard before and after the gap is put right then."""
    agent, on = BarredAgent(), [asyncio.Event() for _ in range(3)]

    def delta(turn: Turn, part: dict[str, Any], text: str) -> None:
        about = {"sessionID": turn.session_id, "messageID": part["messageID"], "partID": part["id"]}
        agent.emit("message.part.delta", field="text", delta=text, **about)

    async def script(turn: Turn) -> None:
        part = turn._part(type="text", text="")
        for text, event in zip(("One ", "two ", "three"), on, strict=True):
            delta(turn, part, text)
            await event.wait()
        part |= {"text": "One two three", "time": {"start": 0, "end": 1}}
        turn._updated(part)
        await turn.finish()

    stage.play(agent)
    task = await stage.execute(script)
    stage.pump()
    await stage.said(task, "One")
    agent.barred = True
    agent.drop_streams()
    await asyncio.sleep(1)
    on[0].set()
    await asyncio.sleep(1)
    agent.barred = False
    await stage.said(task, "[…]")
    on[1].set()
    await stage.said(task, "three")
    on[2].set()
    await stage.ended(task)
    assert await stage.words(task) == "One two three"


@pytest.mark.parametrize("kind", [InteractionKind.PERMISSION, InteractionKind.QUESTION])
async def test_asks_and_answers_while_the_stream_is_down(stage: Stage, kind: InteractionKind) -> None:
    agent, go = BarredAgent(), asyncio.Event()

    async def script(turn: Turn) -> None:
        await turn.say("Now.")
        await go.wait()
        if kind == InteractionKind.PERMISSION:
            await turn.ask_permission("bash", "ls")
        else:
            await turn.ask_question("Which?", "A", "B")
        await turn.finish()

    stage.play(agent)
    task = await stage.execute(script)
    stage.pump()
    await stage.said(task, "Now.")
    agent.barred = True
    agent.drop_streams()
    await asyncio.sleep(1)
    go.set()
    await asyncio.sleep(1)
    agent.barred = False
    ask = await stage.ask(task, kind)
    agent.barred = True
    agent.drop_streams()
    await asyncio.sleep(1)
    await stage.answer(ask, **({"reply": "once"} if kind == InteractionKind.PERMISSION else {"answers": [["B"]]}))
    await agent.idle()
    agent.barred = False
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert len(agent.replies) == 1
    assert [i.state for i in await stage.interactions(task)][1:] == ["answered"]


async def test_an_answer_that_does_not_arrive_is_brought_again(stage: Stage) -> None:
    class Busy(FakeAgent):
        refusals = 2

        async def reply_permission(self, ask_id: str, reply: str, message: str | None) -> None:
            if self.refusals:
                self.refusals -= 1
                raise Unavailable("later")
            await super().reply_permission(ask_id, reply, message)

    async def script(turn: Turn) -> None:
        await turn.ask_permission("bash", "ls")
        await turn.finish()

    stage.play(Busy())
    task = await stage.execute(script)
    stage.pump()
    await stage.answer(await stage.ask(task, InteractionKind.PERMISSION), reply="once")
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS


async def test_an_answer_to_an_ask_that_is_gone_expires(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        asking = asyncio.create_task(turn.ask_permission("bash", "ls"))
        await asyncio.sleep(1)
        turn.agent.asked.clear()
        asking.cancel()
        await asyncio.sleep(30)
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    ask = await stage.ask(task, InteractionKind.PERMISSION)
    await asyncio.sleep(2)
    await stage.answer(ask, reply="once")
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert [i.state for i in await stage.interactions(task)][1:] == ["expired"]
