"""What the agent in memory shares with the real one: shapes, names and order of what a run says.

The real one is OpenCode with the demo model, behind its sidecar.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from opm.server.clients.base import AgentClient, AgentEvent, MessagePage
from opm.server.clients.pods import HttpPodClients
from opm.server.core.errors import NotFound
from opm.server.features.sessions.messages import new_message_id
from opm.sidecar.session.app import create
from tests.fakes.agent import FakeAgent, Script, Turn, say_done
from tests.server.clients.sidecar import address_of
from tests.sidecar.session.conftest import Pod, running
from tests.sidecar.support import served, settings


@dataclass
class Subject:
    """An agent, and whether it takes its work from the prompt (real) or from a function (fake)."""

    agent: AgentClient
    fake: FakeAgent | None = None

    async def begin(self, demo: str, script: Script) -> tuple[str, str]:
        if self.fake:
            self.fake.script = script
        session, message = await self.agent.create_session("A card"), new_message_id(datetime.now(UTC))
        await self.agent.prompt(session, {"messageID": message, "parts": [{"type": "text", "text": demo}]})
        return session, message


@dataclass
class Heard:
    """The stream of one agent, read as far as a test needs."""

    stream: AsyncIterator[AgentEvent]
    events: list[AgentEvent] = field(default_factory=list[AgentEvent])

    async def until(self, kind: str, session: str | None = None) -> dict[str, Any]:
        async with asyncio.timeout(30):
            async for event in self.stream:
                self.events.append(event)
                if event.type == kind and session in {None, event.properties.get("sessionID")}:
                    return dict(event.properties)
        raise AssertionError(f"the stream ended without {kind}")

    def of(self, kind: str, session: str) -> list[dict[str, Any]]:
        return [
            dict(event.properties)
            for event in self.events
            if event.type == kind and event.properties.get("sessionID") == session
        ]


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pod]:
    with running(tmp_path_factory.mktemp("agent")) as found:
        yield found


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.opencode)])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        fake = FakeAgent()
        yield Subject(fake, fake)
        return
    pod: Pod = request.getfixturevalue("pod")
    about = settings("session", pod.workspace, opencode_url=pod.url, opencode_password=pod.password)
    clients, closing = HttpPodClients(), asyncio.Event()
    async with served(create(about, closing), closing) as url:
        yield Subject(clients.agent(address_of(about, url)))
        await clients.close()


@pytest.fixture
async def heard(subject: Subject) -> AsyncIterator[Heard]:
    async with contextlib.aclosing(cast("Any", subject.agent.events())) as stream:
        found = Heard(stream)
        await found.until("stream.connected")
        assert len(found.events) == 1, "it is the first that is said"
        yield found


async def answers(subject: Subject, session: str) -> list[dict[str, Any]]:
    return [m["info"] for m in (await subject.agent.messages(session, 20)).messages if m["info"]["role"] == "assistant"]


async def settled(subject: Subject, session: str) -> list[dict[str, Any]]:
    """Being idle is said before the last message is complete when a run ends badly."""
    for _ in range(60):
        found = await answers(subject, session)
        if found and "completed" in found[-1]["time"]:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the last message was never completed")


async def test_a_session_is_made_and_known(subject: Subject, heard: Heard) -> None:
    session = await subject.agent.create_session("A card")
    created = await heard.until("session.created", session)
    assert created["info"]["id"] == session
    assert (await subject.agent.session(session))["title"] == "A card"
    assert await subject.agent.messages(session, 20) == MessagePage([])
    assert await subject.agent.children(session) == []
    assert session not in await subject.agent.status()


@pytest.mark.parametrize(
    "ask",
    [
        lambda a: a.session("ses_unknown00000000000000"),
        lambda a: a.messages("ses_unknown00000000000000", 20),
        lambda a: a.prompt("ses_unknown00000000000000", {"parts": [{"type": "text", "text": "x"}]}),
        lambda a: a.reply_permission("per_unknown00000000000000", "once", None),
        lambda a: a.reply_question("que_unknown00000000000000", None),
    ],
)
async def test_what_is_unknown_is_not_found(subject: Subject, ask: Callable[[AgentClient], Awaitable[Any]]) -> None:
    with pytest.raises(NotFound):
        await ask(subject.agent)


async def test_a_run_says_what_it_does_and_keeps_it(subject: Subject, heard: Heard) -> None:
    session, message = await subject.begin("demo: say All is done.", lambda turn: say(turn, "All is done."))
    await heard.until("session.idle", session)

    infos = [properties["info"] for properties in heard.of("message.updated", session)]
    assert infos[0]["id"] == message
    assert infos[0]["role"] == "user"
    assert {"type": "busy"} in [properties["status"] for properties in heard.of("session.status", session)]
    deltas = heard.of("message.part.delta", session)
    assert "".join(delta["delta"] for delta in deltas) == "All is done."
    assert {delta["field"] for delta in deltas} == {"text"}
    parts = [properties["part"] for properties in heard.of("message.part.updated", session)]
    whole = [part for part in parts if part["type"] == "text" and part["messageID"] != message][-1]
    assert whole["text"] == "All is done."
    assert whole["id"] == deltas[0]["partID"]
    assert whole["time"].keys() >= {"start", "end"}

    (last,) = await answers(subject, session)
    assert (last["parentID"], last["finish"]) == (message, "stop")
    assert "completed" in last["time"]
    assert last["tokens"].keys() >= {"input", "output", "reasoning", "cache"}
    assert (await subject.agent.message(session, message))["info"]["role"] == "user"
    with pytest.raises(NotFound):
        await subject.agent.message(session, new_message_id(datetime.now(UTC)))
    assert session not in await subject.agent.status()
    assert (await subject.agent.session(session))["cost"] > 0


async def test_a_tool_call_is_shown_from_pending_to_completed(subject: Subject, heard: Heard) -> None:
    async def script(turn: Turn) -> None:
        await turn.tool("bash", {"command": "echo hello"}, "hello\n", exit=0)
        await turn.next_step()
        await say(turn, "Ran.")

    demo = "demo: run echo hello\ndemo: next\ndemo: say Ran."
    session, message = await subject.begin(demo, script)
    await heard.until("session.idle", session)

    parts = [p["part"] for p in heard.of("message.part.updated", session) if p["part"]["type"] == "tool"]
    states = [part["state"]["status"] for part in parts]
    assert list(dict.fromkeys(states)) == ["pending", "running", "completed"]
    done = parts[-1]
    assert done["tool"] == "bash"
    assert done["state"]["input"]["command"] == "echo hello"
    assert done["state"]["output"] == "hello\n"
    assert done["state"]["metadata"]["exit"] == 0
    infos = await answers(subject, session)
    assert [info["finish"] for info in infos] == ["tool-calls", "stop"]
    assert {info["parentID"] for info in infos} == {message}


async def test_a_permission_is_asked_once_and_answered_once(subject: Subject, heard: Heard) -> None:
    async def script(turn: Turn) -> None:
        await turn.ask_permission("bash", "touch made")
        await say(turn, "Allowed.")

    session, _ = await subject.begin("demo: run touch made\ndemo: next\ndemo: say Allowed.", script)
    ask = await heard.until("permission.asked", session)
    assert ask["permission"] == "bash"
    assert ask["patterns"] == ["touch made"]
    assert [listed["id"] for listed in await subject.agent.permissions()] == [ask["id"]]
    assert session in await subject.agent.status(), "waiting is being busy"
    await subject.agent.reply_permission(ask["id"], "once", None)
    replied = await heard.until("permission.replied", session)
    assert (replied["requestID"], replied["reply"]) == (ask["id"], "once")
    await heard.until("session.idle", session)
    assert await subject.agent.permissions() == []
    with pytest.raises(NotFound):
        await subject.agent.reply_permission(ask["id"], "once", None)


@pytest.mark.parametrize("answer", [[["That"]], None])
async def test_a_question_is_answered_or_dismissed(
    subject: Subject, heard: Heard, answer: list[list[str]] | None
) -> None:
    async def script(turn: Turn) -> None:
        if await turn.ask_question("Which one?", "This", "That"):
            await say(turn, "Thanks.")
        else:
            await turn.next_step()

    session, _ = await subject.begin("demo: ask Which one? | This | That\ndemo: next\ndemo: say Thanks.", script)
    ask = await heard.until("question.asked", session)
    assert ask["questions"][0]["question"] == "Which one?"
    assert [option["label"] for option in ask["questions"][0]["options"]] == ["This", "That"]
    assert [listed["id"] for listed in await subject.agent.questions()] == [ask["id"]]
    await subject.agent.reply_question(ask["id"], answer)
    settled = await heard.until("question.replied" if answer else "question.rejected", session)
    assert settled["requestID"] == ask["id"]
    await heard.until("session.idle", session)
    assert (await answers(subject, session))[-1]["finish"] == ("stop" if answer else "tool-calls")
    assert await subject.agent.questions() == []


async def test_an_abort_ends_the_run_and_says_so(subject: Subject, heard: Heard) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("One two three")
        await asyncio.sleep(60)

    session, _ = await subject.begin("demo: say One two three\ndemo: wait 60\ndemo: say never", script)
    await heard.until("message.part.delta", session)
    await subject.agent.abort(session)
    await heard.until("session.idle", session)
    assert [error["error"]["name"] for error in heard.of("session.error", session)] == ["MessageAbortedError"]
    (last,) = await settled(subject, session)
    assert last["error"]["name"] == "MessageAbortedError"
    assert "completed" in last["time"]
    assert session not in await subject.agent.status()


async def test_a_provider_that_refuses_ends_the_run(subject: Subject, heard: Heard) -> None:
    async def script(turn: Turn) -> None:
        await turn.fail("APIError", "no such key", statusCode=401, isRetryable=False)

    session, _ = await subject.begin("demo: error 401 no such key", script)
    await heard.until("session.idle", session)
    error = heard.of("session.error", session)[-1]["error"]
    assert error["name"] == "APIError"
    assert "no such key" in error["data"]["message"]
    assert error["data"]["statusCode"] == 401
    (last,) = await settled(subject, session)
    assert last["error"]["name"] == "APIError"


async def test_a_session_goes_on_with_a_second_prompt(subject: Subject, heard: Heard) -> None:
    session, first = await subject.begin("demo: say Done.", say_done)
    await heard.until("session.idle", session)
    second = new_message_id(datetime.now(UTC))
    parts = [{"type": "text", "text": "demo: say Done."}]
    await subject.agent.prompt(session, {"messageID": second, "parts": parts})
    await heard.until("message.part.delta", session)
    await heard.until("session.idle", session)
    assert [info["parentID"] for info in await answers(subject, session)] == [first, second]


async def test_models_are_named_with_what_they_cost(subject: Subject) -> None:
    (provider, *_) = await subject.agent.models()
    assert provider.keys() == {"id", "name", "models"}
    abilities = {"context", "output", "tool_call", "reasoning"}
    assert provider["models"][0].keys() == {"id", "name", *abilities, "cost_input", "cost_output"}


async def test_messages_are_read_backwards_in_pages(subject: Subject, heard: Heard) -> None:
    session, prompt = await subject.begin("demo: say Done.", say_done)
    await heard.until("session.idle", session)
    newest = await subject.agent.messages(session, 1)
    assert newest.older is not None
    assert [m["info"]["role"] for m in newest.messages] == ["assistant"]
    older = await subject.agent.messages(session, 1, newest.older)
    assert [m["info"]["id"] for m in older.messages] == [prompt]
    assert older.older is None
    assert (await subject.agent.messages(session, 20)).older is None


async def test_a_run_that_changed_nothing_has_no_diff(subject: Subject, heard: Heard) -> None:
    session, message = await subject.begin("demo: say Done.", say_done)
    await heard.until("session.idle", session)
    assert await subject.agent.diff(session, message) == []


async def test_an_agent_that_was_told_to_look_anew_goes_on(subject: Subject) -> None:
    session, _ = await subject.begin("demo: say Done.", say_done)
    await asyncio.sleep(1)
    await subject.agent.dispose()
    assert (await subject.agent.session(session))["id"] == session


async def say(turn: Turn, text: str) -> None:
    await turn.say(text)
    await turn.finish()
