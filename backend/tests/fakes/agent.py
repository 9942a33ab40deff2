"""An agent in memory that behaves like the real one as far as the controller looks: same events, same shapes.

What it does with a prompt is told by a `Script`, an async function of a `Turn`. Without one it says "Done."
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from opm.server.clients.base import AgentEvent, MessagePage, PodAddress
from opm.server.core.errors import NotFound, Unavailable
from tests.fakes.files import FakeFiles
from tests.fakes.terminals import FakeTerminals

Script = Callable[["Turn"], Awaitable[None]]


async def say_done(turn: "Turn") -> None:
    await turn.say("Done.")
    await turn.finish()


class FakeAgent:
    def __init__(self, script: Script = say_done) -> None:
        self.script = script
        self.prompts: list[tuple[str, dict[str, Any]]] = []
        self.replies: list[tuple[str, Any]] = []
        self.aborted: list[str] = []
        self.diffs: list[dict[str, Any]] = []
        self.disposed = 0
        self.down = False
        self.deaf = False
        """Accepts prompts and does nothing with them."""
        self.largest_page = 8 << 20
        self.info: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.busy: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._streams: set[asyncio.Queue[AgentEvent | None]] = set()
        self._turns: dict[str, asyncio.Task[None]] = {}

    # --- what the controller asks --------------------------------------------------------------------------

    async def create_session(self, title: str) -> str:
        self._require_up()
        return self.new_session(title)["id"]

    async def prompt(self, session_id: str, body: Mapping[str, Any]) -> None:
        self._require_session(session_id)
        self.prompts.append((session_id, dict(body)))
        if not self.deaf:
            turn = Turn(self, session_id, str(body.get("messageID") or self.name("msg")), body)
            self._turns[session_id] = asyncio.create_task(turn.play())

    async def message(self, session_id: str, message_id: str) -> dict[str, Any]:
        self._require_session(session_id)
        for message in self.history[session_id]:
            if message["info"]["id"] == message_id:
                return message
        raise NotFound(f"Message not found: {message_id}")

    async def messages(self, session_id: str, limit: int, before: str | None = None) -> MessagePage:
        self._require_session(session_id)
        known = self.history[session_id]
        end = len(known) if before is None else [m["info"]["id"] for m in known].index(before)
        start = max(end - limit, 0)
        page = known[start:end]
        if sum(len(str(message)) for message in page) > self.largest_page:
            raise Unavailable("The pod's answer is too large; ask for less.", reason="too_large")
        return MessagePage(page, page[0]["info"]["id"] if start else None)

    async def session(self, session_id: str) -> dict[str, Any]:
        self._require_session(session_id)
        return self.info[session_id]

    async def children(self, session_id: str) -> list[dict[str, Any]]:
        self._require_session(session_id)
        return [info for info in self.info.values() if info.get("parentID") == session_id]

    async def status(self) -> dict[str, Any]:
        self._require_up()
        return dict(self.busy)

    async def abort(self, session_id: str) -> None:
        self._require_session(session_id)
        self.aborted.append(session_id)
        turn = self._turns.pop(session_id, None)
        if turn and not turn.done():
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

    async def diff(self, session_id: str, message_id: str) -> list[dict[str, Any]]:
        self._require_session(session_id)
        return self.diffs

    async def permissions(self) -> list[dict[str, Any]]:
        self._require_up()
        return [ask for ask in self.asked.values() if "permission" in ask]

    async def questions(self) -> list[dict[str, Any]]:
        self._require_up()
        return [ask for ask in self.asked.values() if "questions" in ask]

    async def reply_permission(self, ask_id: str, reply: str, message: str | None) -> None:
        self._answer(ask_id, (reply, message))

    async def reply_question(self, ask_id: str, answers: list[list[str]] | None) -> None:
        self._answer(ask_id, answers)

    async def models(self) -> list[dict[str, Any]]:
        self._require_up()
        abilities = {"context": 8192, "output": 4096, "tool_call": True, "reasoning": False}
        model = {"id": "scripted", "name": "Scripted", **abilities, "cost_input": 0.0, "cost_output": 0.0}
        return [{"id": "fake", "name": "Fake", "models": [model]}]

    async def dispose(self) -> None:
        self._require_up()
        self.disposed += 1

    async def events(self) -> AsyncGenerator[AgentEvent]:
        self._require_up()
        queue: asyncio.Queue[AgentEvent | None] = asyncio.Queue()
        self._streams.add(queue)
        try:
            yield AgentEvent("stream.connected", {})
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._streams.discard(queue)

    # --- what a test does ----------------------------------------------------------------------------------

    def emit(self, kind: str, **properties: Any) -> None:
        for queue in self._streams:
            queue.put_nowait(AgentEvent(kind, properties))

    def drop_streams(self) -> None:
        """The connection breaks; the agent lives on."""
        for queue in self._streams:
            queue.put_nowait(None)

    async def crash(self) -> None:
        """The process dies: streams end, asks and what was running are forgotten, nothing answers until `restart`."""
        self.down = True
        turns, self._turns = list(self._turns.values()), {}
        self.drop_streams()
        for turn in turns:
            turn.cancel("crash")
        await asyncio.gather(*turns, return_exceptions=True)
        self.busy.clear()
        self.asked.clear()

    def restart(self) -> None:
        self.down = False

    async def idle(self) -> None:
        """Wait until nothing is being worked on."""
        await asyncio.gather(*self._turns.values(), return_exceptions=True)

    def new_session(self, title: str, parent: str | None = None) -> dict[str, Any]:
        info: dict[str, Any] = {"id": self.name("ses"), "title": title, "cost": 0, "tokens": _tokens(0, 0)}
        if parent:
            info["parentID"] = parent
        self.info[info["id"]] = info
        self.history[info["id"]] = []
        self.emit("session.created", sessionID=info["id"], info=info)
        return info

    def name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):08d}"

    async def ask(self, kind: str, session_id: str, **content: Any) -> Any:
        """Put an ask to the human and wait for the answer."""
        ask = {"id": self.name("per" if kind == "permission" else "que"), "sessionID": session_id, **content}
        self.asked[ask["id"]] = ask
        self._answers[ask["id"]] = asyncio.get_running_loop().create_future()
        self.emit(f"{kind}.asked", **ask)
        return await self._answers[ask["id"]]

    # --- inside --------------------------------------------------------------------------------------------

    def _answer(self, ask_id: str, answer: Any) -> None:
        self._require_up()
        ask = self.asked.pop(ask_id, None)
        if ask is None:
            raise NotFound("This ask is not open any more.")
        self.replies.append((ask_id, answer))
        kind = "permission" if "permission" in ask else "question"
        outcome = "rejected" if kind == "question" and answer is None else "replied"
        extra = {"reply": answer[0]} if kind == "permission" and answer else {}
        self.emit(f"{kind}.{outcome}", sessionID=ask["sessionID"], requestID=ask_id, **extra)
        self._answers.pop(ask_id).set_result(answer)

    def _require_up(self) -> None:
        if self.down:
            raise Unavailable("The pod of this project cannot be reached.", reason="unreachable")

    def _require_session(self, session_id: str) -> None:
        self._require_up()
        if session_id not in self.info:
            raise NotFound(f"Session not found: {session_id}")


class Turn:
    """The work on one prompt: one user message, and one assistant message for each step."""

    def __init__(self, agent: FakeAgent, session_id: str, message_id: str, body: Mapping[str, Any]) -> None:
        self.agent = agent
        self.session_id = session_id
        self.message_id = message_id
        self.body = body
        self.text = "".join(part.get("text", "") for part in body.get("parts", []))
        self._step: dict[str, Any] | None = None
        self._ended_badly = False

    async def play(self) -> None:
        agent, session_id = self.agent, self.session_id
        parts = [
            {"id": agent.name("prt"), "messageID": self.message_id, "sessionID": session_id, **part}
            for part in self.body.get("parts", [])
        ]
        user = {
            "info": {"id": self.message_id, "sessionID": session_id, "role": "user", "time": {"created": 0}},
            "parts": parts,
        }
        agent.history[session_id].append(user)
        agent.emit("message.updated", sessionID=session_id, info=user["info"])
        for part in parts:
            agent.emit("message.part.updated", sessionID=session_id, part=part)
        self.status("busy")
        try:
            await agent.script(self)
        except asyncio.CancelledError as exc:
            if exc.args != ("crash",):
                self._aborted()
            raise
        finally:
            if not agent.down:
                self._idle()
                if self._ended_badly:
                    self._idle()  # the real one says it twice then

    async def say(self, text: str, kind: str = "text") -> None:
        """Word by word, as deltas, then whole."""
        part = self._part(type=kind, text="")
        for word in text.split(" "):
            delta = word if not part["text"] else f" {word}"
            part["text"] += delta
            self.agent.emit(
                "message.part.delta",
                sessionID=self.session_id,
                messageID=part["messageID"],
                partID=part["id"],
                field="text",
                delta=delta,
            )
            await asyncio.sleep(0)
        part["time"] = {"start": 0, "end": 1}
        self._updated(part)

    async def tool(self, name: str, tool_input: dict[str, Any], output: str = "", **metadata: Any) -> None:
        part = self._part(
            type="tool", tool=name, callID=self.agent.name("call"), state={"status": "pending", "input": {}, "raw": ""}
        )
        for state in (
            {"status": "running", "input": tool_input, "time": {"start": 0}},
            {
                "status": "completed",
                "input": tool_input,
                "output": output,
                "title": name,
                "metadata": metadata,
                "time": {"start": 0, "end": 1},
            },
        ):
            part["state"] = state
            self._updated(part)
            await asyncio.sleep(0)

    async def ask_permission(self, permission: str = "bash", *patterns: str) -> tuple[str, str | None]:
        return await self.agent.ask(
            "permission", self.session_id, permission=permission, patterns=list(patterns), metadata={}, always=["*"]
        )

    async def ask_question(self, question: str, *options: str) -> list[list[str]] | None:
        labels = [{"label": option, "description": ""} for option in options]
        asked = [{"question": question, "header": question, "options": labels, "multiple": False}]
        return await self.agent.ask("question", self.session_id, questions=asked)

    async def next_step(self) -> None:
        await self.finish("tool-calls")

    async def finish(self, reason: str = "stop") -> None:
        info = self._message()["info"]
        self._part(type="step-finish", reason=reason, cost=0.01, tokens=_tokens(10, 5))
        info |= {"finish": reason, "cost": 0.01, "tokens": _tokens(10, 5), "time": {"created": 0, "completed": 1}}
        self.agent.info[self.session_id]["cost"] += 0.01
        self.agent.emit("message.updated", sessionID=self.session_id, info=info)
        self._step = None

    async def fail(self, name: str = "APIError", message: str = "no", **data: Any) -> None:
        self._ended_badly = True
        error = {"name": name, "data": {"message": message, **data}}
        info = self._message()["info"]
        info |= {"error": error, "time": {"created": 0, "completed": 1}}
        self.agent.emit("session.error", sessionID=self.session_id, error=error)
        self.agent.emit("message.updated", sessionID=self.session_id, info=info)
        self._step = None

    def status(self, kind: str, **more: Any) -> None:
        """busy, or retry with attempt, message and next."""
        self.agent.busy[self.session_id] = {"type": kind, **more}
        self.agent.emit("session.status", sessionID=self.session_id, status={"type": kind, **more})

    def _idle(self) -> None:
        self.agent.busy.pop(self.session_id, None)
        self.agent.emit("session.status", sessionID=self.session_id, status={"type": "idle"})
        self.agent.emit("session.idle", sessionID=self.session_id)

    def _aborted(self) -> None:
        self._ended_badly = True
        error = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
        self.agent.emit("session.error", sessionID=self.session_id, error=error)
        if self._step:
            self._step["info"] |= {"error": error, "time": {"created": 0, "completed": 1}}
            self.agent.emit("message.updated", sessionID=self.session_id, info=self._step["info"])

    def _message(self) -> dict[str, Any]:
        if self._step is None:
            info = {
                "id": self.agent.name("msg"),
                "sessionID": self.session_id,
                "role": "assistant",
                "cost": 0,
                "parentID": self.message_id,
                "tokens": _tokens(0, 0),
                "time": {"created": 0},
            }
            self._step = {"info": info, "parts": []}
            self.agent.history[self.session_id].append(self._step)
            self.agent.emit("message.updated", sessionID=self.session_id, info=info)
            self._part(type="step-start")
        return self._step

    def _part(self, **content: Any) -> dict[str, Any]:
        message = self._message()
        part = {
            "id": self.agent.name("prt"),
            "sessionID": self.session_id,
            "messageID": message["info"]["id"],
            **content,
        }
        message["parts"].append(part)
        self._updated(part)
        return part

    def _updated(self, part: dict[str, Any]) -> None:
        self.agent.emit("message.part.updated", sessionID=self.session_id, part={**part})


class FakePodClients:
    """One agent and one workspace for each project, the same ones however often they are asked for."""

    def __init__(self, script: Script = say_done) -> None:
        self._script = script
        self.agents: dict[UUID, FakeAgent] = {}
        self.workspaces: dict[UUID, FakeFiles] = {}
        self.shells: dict[UUID, FakeTerminals] = {}
        self.closed = False

    def agent(self, address: PodAddress) -> FakeAgent:
        return self.agents.setdefault(address.project_id, FakeAgent(self._script))

    def files(self, address: PodAddress) -> FakeFiles:
        return self.workspaces.setdefault(address.project_id, FakeFiles())

    def terminals(self, address: PodAddress) -> FakeTerminals:
        return self.shells.setdefault(address.project_id, FakeTerminals())

    async def close(self) -> None:
        self.closed = True


def _tokens(given: int, made: int) -> dict[str, Any]:
    return {"input": given, "output": made, "reasoning": 0, "cache": {"read": 0, "write": 0}}
