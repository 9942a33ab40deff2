"""The session sidecar in front of the real OpenCode: a run from prompt to end, abort, permission, question, death."""

import asyncio
import json
import random
import signal
import time
from typing import Any

import aiohttp
import pytest

from tests.sidecar.session.conftest import PROVIDER_KEY, Pod, in_front_of
from tests.sidecar.support import Client, Events

pytestmark = pytest.mark.opencode


async def begin(session: Client, script: str, message: str = "msg_given") -> str:
    found = await session.json("POST", "/session", json={"title": "A task"})
    body = {"messageID": f"{message}{found['id'][4:]}", "parts": [{"type": "text", "text": script}]}
    await session.json("POST", f"/session/{found['id']}/prompt", 204, json=body)
    return str(found["id"])


def own(events: Events, session: str) -> list[dict[str, Any]]:
    return [event for event in events.seen if event["properties"].get("sessionID") == session]


async def test_it_is_ready_when_opencode_is(session: Client) -> None:
    found = await session.json("GET", "/ready")

    assert found["ready"] is True
    assert found["version"].count(".") == 2


async def test_models_are_listed_without_any_key(session: Client) -> None:
    async with session.request("GET", "/models") as response:
        text = await response.text()

    model = {"id": "demo", "name": "Demo model (scripted)", "context": 200_000, "output": 8192}
    model |= {"tool_call": True, "reasoning": False, "cost_input": 1.0, "cost_output": 2.0}
    found = {provider["id"]: provider for provider in json.loads(text)}
    assert found["demo"] == {"id": "demo", "name": "Demo", "models": [model]}
    assert PROVIDER_KEY not in text
    # of providers without a key, too, so that one can be chosen by size and price
    assert set(found) == {"demo", "anthropic", "openrouter"}
    assert len(found["openrouter"]["models"]) > 50
    claude = next(model for model in found["anthropic"]["models"] if model["id"] == "claude-sonnet-4-5")
    assert claude["context"] >= 200_000
    assert claude["cost_output"] > claude["cost_input"] > 0


async def test_a_run_from_prompt_to_end(session: Client, pod: Pod) -> None:
    script = "demo: say I write.\ndemo: write hello.md Hello, world!\ndemo: next\ndemo: say It is done."
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        assert await events.next() == {"type": "stream.connected", "properties": {}}
        run = await begin(session, script)
        await events.until("session.idle")

    deltas = [event["properties"]["delta"] for event in own(events, run) if event["type"] == "message.part.delta"]
    assert "".join(deltas) == "I write.It is done."
    assert len(deltas) >= 5
    assert not {"sync", "plugin.added", "server.connected", "server.heartbeat"} & set(events.kinds())
    assert (pod.workspace / "hello.md").read_text() == "Hello, world!\n"

    messages = await session.json("GET", f"/session/{run}/message?limit=20")
    assert [message["info"]["role"] for message in messages] == ["user", "assistant", "assistant"]
    assert messages[-1]["info"]["finish"] == "stop"
    asked = messages[0]["info"]["id"]
    assert asked.startswith("msg_given")
    assert (await session.json("GET", f"/session/{run}/message/{asked}"))["info"]["id"] == asked
    assert (await session.json("GET", f"/session/{run}"))["title"] == "A task"
    assert [item["file"] for item in await session.json("GET", f"/session/{run}/diff?messageID={asked}")] == [
        "hello.md"
    ]
    assert run in [found["id"] for found in await session.json("GET", "/session?limit=50")]
    for path in (f"/session/{run}/todo", f"/session/{run}/children", "/permission", "/question", "/vcs/diff?mode=git"):
        assert isinstance(await session.json("GET", path), list)
    assert run not in await session.json("GET", "/status")


async def test_a_document_that_was_read_is_not_carried_along(session: Client, pod: Pod) -> None:
    """OpenCode tells and stores it whole; an event of that size would have broken the stream off."""
    (pod.workspace / "paper.pdf").write_bytes(b"%PDF-1.4\n" + random.Random(1).randbytes(9 << 20))
    read = json.dumps({"filePath": str(pod.workspace / "paper.pdf")})
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        run = await begin(session, f"demo: tool read {read}\ndemo: next\ndemo: say Read.")
        await events.until("session.idle")

    async with session.request("GET", f"/session/{run}/message?limit=20") as response:
        stored = await response.text()
    assert '"attachments":[{' in stored
    assert '"url":"data:application/pdf;base64,"' in stored
    assert len(stored) < 100_000
    assert len(json.dumps(events.seen)) < 200_000
    assert "completed" in [part["state"]["status"] for part in _tools(own(events, run))]


def _tools(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parts = [event["properties"]["part"] for event in events if event["type"] == "message.part.updated"]
    return [part for part in parts if part["type"] == "tool"]


async def test_feedback_on_the_demo_model_visibly_changes_something(session: Client, pod: Pod) -> None:
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        run = await begin(session, "demo: say Here it is.")
        await events.until("session.idle")
        body = {"parts": [{"type": "text", "text": "Please make it blue."}]}
        await session.json("POST", f"/session/{run}/prompt", 204, json=body)
        await events.until("session.idle")

    assert "- Please make it blue." in (pod.workspace / "demo-notes.md").read_text().splitlines()
    last = (await session.json("GET", f"/session/{run}/message?limit=1"))[-1]
    assert last["info"]["finish"] == "stop"
    assert any("Please make it blue." in part.get("text", "") for part in last["parts"])


async def test_the_stream_of_a_session_has_that_session_alone(session: Client) -> None:
    mine = str((await session.json("POST", "/session", json={"title": "mine"}))["id"])
    async with session.request("GET", f"/session/{mine}/events") as stream:
        events = Events(stream)
        assert await events.next() == {"type": "stream.connected", "properties": {}}
        other = await begin(session, "demo: say Not for you")
        body = {"parts": [{"type": "text", "text": "demo: say For you"}]}
        await session.json("POST", f"/session/{mine}/prompt", 204, json=body)
        await events.until("session.idle")

    assert {event["properties"]["sessionID"] for event in events.seen[1:]} == {mine}
    assert other not in json.dumps(events.seen)


async def test_a_child_session_belongs_to_its_parent_s_stream(session: Client) -> None:
    child_task = json.dumps({"description": "Look", "prompt": "demo: say I am the child", "subagent_type": "general"})
    mine = str((await session.json("POST", "/session", json={"title": "parent"}))["id"])
    async with session.request("GET", f"/session/{mine}/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        script = f"demo: tool task {child_task}\ndemo: next\ndemo: say The parent is done."
        body = {"parts": [{"type": "text", "text": script}]}
        await session.json("POST", f"/session/{mine}/prompt", 204, json=body)
        while (await events.until("session.idle"))["sessionID"] != mine:
            continue

    (child,) = [found["id"] for found in await session.json("GET", f"/session/{mine}/children")]
    words = [e["properties"]["delta"] for e in own(events, child) if e["type"] == "message.part.delta"]
    assert "".join(words) == "I am the child"

    async with session.request("GET", f"/session/{mine}/events") as stream:
        later = Events(stream)
        await later.until("stream.connected")
        body = {"parts": [{"type": "text", "text": "demo: say Once more"}]}
        await session.json("POST", f"/session/{child}/prompt", 204, json=body)
        assert (await later.until("session.idle"))["sessionID"] == child


async def test_aborting(session: Client) -> None:
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        run = await begin(session, "demo: stream 10000 20")
        await events.until("message.part.delta")
        assert run in await session.json("GET", "/status")

        assert await session.json("POST", f"/session/{run}/abort") is True
        await events.until("session.idle", seconds=10)

    last = (await session.json("GET", f"/session/{run}/message?limit=1"))[-1]["info"]
    for _ in range(30):
        if "error" in last:
            break
        await asyncio.sleep(0.1)
        last = (await session.json("GET", f"/session/{run}/message?limit=1"))[-1]["info"]
    assert last["error"]["name"] == "MessageAbortedError"


async def test_a_permission_is_asked_and_given(session: Client, pod: Pod) -> None:
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        await begin(session, "demo: run touch allowed.txt\ndemo: next\ndemo: say Touched.")
        asked = await events.until("permission.asked")
        assert [found["id"] for found in await session.json("GET", "/permission")] == [asked["id"]]
        assert not (pod.workspace / "allowed.txt").exists()

        assert await session.json("POST", f"/permission/{asked['id']}/reply", json={"reply": "once"}) is True
        await events.until("session.idle")

    assert (pod.workspace / "allowed.txt").exists()
    error = await session.refused("POST", f"/permission/{asked['id']}/reply", 404, json={"reply": "once"})
    assert error["type"] == "NOT_FOUND"


async def test_a_question_is_asked_and_answered_or_not(session: Client) -> None:
    async with session.request("GET", "/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        run = await begin(session, "demo: ask Which? | SQLite | Redis\ndemo: next\ndemo: say So be it.")
        asked = await events.until("question.asked")
        assert asked["questions"][0]["question"] == "Which?"
        assert [found["id"] for found in await session.json("GET", "/question")] == [asked["id"]]
        await session.json("POST", f"/question/{asked['id']}/reply", json={"answers": [["Redis"]]})
        await events.until("session.idle")
        assert "Redis" in json.dumps(await session.json("GET", f"/session/{run}/message"))

        await begin(session, "demo: ask Which? | SQLite | Redis")
        asked = await events.until("question.asked")
        await session.json("POST", f"/question/{asked['id']}/reject")
        await events.until("session.idle")


async def test_what_opencode_refuses_is_said_in_our_form(session: Client) -> None:
    error = await session.refused("GET", "/session/ses_unknown", 404)
    assert error["details"] == {"upstream": "NotFoundError"}
    run = (await session.json("POST", "/session", json={}))["id"]
    error = await session.refused("POST", f"/session/{run}/prompt", 400, json={})
    assert "parts" in error["message"]


async def test_when_opencode_dies_the_stream_ends_and_requests_are_told(another_pod: Pod) -> None:
    async with in_front_of(another_pod) as session, session.request("GET", "/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        await session.json("GET", "/ready")

        another_pod.opencode.send_signal(signal.SIGKILL)
        begun = time.monotonic()
        await events.rest(seconds=5)

        assert time.monotonic() - begun < 5
        for path in ("/ready", "/session", "/events", "/session/ses_x/events", "/models"):
            error = await session.refused("GET", path, 503)
            assert error["type"] == "SERVICE_UNAVAILABLE"
            assert "restart the pod" in error["message"]
        async with session.raw("GET", "/health", {}) as response:
            assert response.status == 200


async def test_disposing_ends_the_runs(another_pod: Pod) -> None:
    async with in_front_of(another_pod) as session, session.request("GET", "/events") as stream:
        events = Events(stream)
        await events.until("stream.connected")
        run = await begin(session, "demo: run sleep 1000")
        await events.until("session.status")

        assert await session.json("POST", "/dispose") is True
        await events.until("global.disposed")

        assert run not in await session.json("GET", "/status")


async def test_asking_to_end_ends_open_streams_at_once(pod: Pod) -> None:
    async with aiohttp.ClientSession() as http:
        async with in_front_of(pod) as session:
            stream = await http.get(f"{session.url}/events", headers=session.shown("GET", "/events"))
            events = Events(stream)
            await events.until("stream.connected")
            ending = time.monotonic()
        assert time.monotonic() - ending < 2
        await events.rest(seconds=1)
        stream.close()
