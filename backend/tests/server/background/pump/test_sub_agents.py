"""The sub-agents of a run: counted, told under their parents, and taken up again by another controller."""

import asyncio

import pytest

from tests.fakes.agent import Turn
from tests.server.background.stage import Stage


async def test_sub_agents_count_in_tokens_and_cost(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        child = turn.agent.new_session("Look around", parent=turn.session_id)
        child |= {"cost": 1.5, "tokens": {"input": 100, "output": 7, "reasoning": 1}}
        await turn.say("Found.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert run.cost == pytest.approx(1.51)
    assert (run.tokens["input"], run.tokens["output"], run.tokens["reasoning"]) == (110, 12, 1)
    assert [event["title"] for event in await stage.output(task) if event["type"] == "child"] == ["Look around"]
    assert [(child["title"], child["cost"], child["tokens"]["input"]) for child in run.children] == [
        ("Look around", 1.5, 100)
    ]


async def test_sub_agents_are_told_with_their_parents_and_ends(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        agent = turn.agent
        child = agent.new_session("Look around", parent=turn.session_id)
        child["time"] = {"created": 1_000, "updated": 3_500}
        answer = {"id": "msg_c", "role": "assistant", "finish": "stop", "time": {"created": 1, "completed": 2}}
        agent.history[child["id"]].append({"info": answer, "parts": []})
        below = agent.new_session("Look deeper", parent=child["id"])
        error = {"name": "APIError", "data": {"message": "Overloaded"}}
        agent.history[below["id"]].append({"info": {"id": "msg_d", "role": "assistant", "error": error}, "parts": []})
        agent.new_session("Cut short", parent=turn.session_id)
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    children = (await stage.ended(task)).children
    first = children[0]["id"]
    assert [(c["title"], c["parent"], c["state"], c["reason"], c["duration_ms"]) for c in children] == [
        ("Look around", None, "finished", None, 2_500),
        ("Look deeper", first, "failed", "Overloaded", None),
        ("Cut short", None, "unfinished", None, None),
    ]


async def test_of_sub_agents_only_those_of_this_run_are_taken_up_with_what_they_said(stage: Stage) -> None:
    agent, go_on = stage.agent, asyncio.Event()

    def said(session: str, text: str) -> None:
        info = {"id": f"msg_{text}", "role": "assistant", "finish": "stop", "time": {"created": 1, "completed": 2}}
        agent.history[session].append({"info": info, "parts": [{"id": f"prt_{text}", "type": "text", "text": text}]})

    async def script(turn: Turn) -> None:
        turn.agent.history[turn.session_id][0]["info"]["time"]["created"] = 2_000
        for title, made in (("Earlier", 1_000), ("Second", 4_000), ("First", 3_000)):
            child = agent.new_session(title, parent=turn.session_id)
            child["time"] = {"created": made, "updated": made + 1}
            said(child["id"], title)
        await turn.say("Sent them.")
        await go_on.wait()
        await turn.finish()

    task = await stage.execute(script)
    first = stage.pump()
    await stage.said(task, "Sent them.")
    await stage.drop(first)
    stage.pump()
    await stage.said(task, "Second")
    go_on.set()
    run = await stage.ended(task)
    assert [child["title"] for child in run.children] == ["First", "Second"]
    snapshots = [event for event in await stage.output(task) if event["type"] == "snapshot"]
    told = [(part["data"], part.get("child") is not None) for part in snapshots[-1]["parts"]]
    assert told == [("Sent them.", False), ("First", True), ("Second", True)]
