"""OpenCode's events, said in ours: a fold over the stream of one run, without input or output of its own.

What came is either output for the record or a signal for the driver. Sub-agents run in sessions of their own;
those that descend from the run's session belong to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from opm.server.clients.base import AgentEvent
from opm.wire.events import AnyOutput, Output, OutputChild, OutputError, OutputFile, OutputTodos, OutputTool

_TOOL_OUTPUT_LIMIT = 30_000
_EDITS = {"edit", "write", "apply_patch", "patch", "multiedit"}


@dataclass(frozen=True, slots=True)
class Working:
    """The root session works."""


@dataclass(frozen=True, slots=True)
class Idle:
    """The root session stopped working: well, badly, or for a moment. The stored messages tell."""


@dataclass(frozen=True, slots=True)
class Retrying:
    attempt: int
    message: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    kind: Literal["permission", "question"]
    ask_id: str
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Replied:
    ask_id: str


@dataclass(frozen=True, slots=True)
class Erred:
    message: str


@dataclass(frozen=True, slots=True)
class Resync:
    """What was recorded of a text is not how it ended: read the messages again."""


Signal = Working | Idle | Retrying | Asked | Replied | Erred | Resync


class Translator:
    def __init__(self, root: str, message_id: str, directory: str = "") -> None:
        self._root = root
        self._message_id = message_id
        self._prefix = directory.rstrip("/") + "/" if directory else ""
        self._sessions = dict.fromkeys([root])
        self._foreign = {message_id}
        """Messages whose parts are not the agent's words."""
        self._kinds: dict[str, Literal["text", "reasoning"]] = {}
        self._said: dict[str, str] = {}

    @property
    def children(self) -> list[str]:
        """In the order of their making."""
        return [session for session in self._sessions if session != self._root]

    def feed(self, event: AgentEvent) -> list[AnyOutput | Signal]:
        """What one event means for this run; nothing if it is another's, or of no interest."""
        handler = self._HANDLERS.get(event.type)
        if handler is None:
            return []
        if event.type not in {"session.created", "file.edited", "session.error"} and (
            self._session_of(event.properties) not in self._sessions
        ):
            return []
        return handler(self, event.properties)

    def take(self, parts: Sequence[Output | OutputTool]) -> None:
        """Go on from what a snapshot told."""
        for part in parts:
            if isinstance(part, Output):
                self._kinds[part.part_id] = part.kind
                self._said[part.part_id] = part.data

    def adopt(self, children: Sequence[str]) -> None:
        """Sub-agents that were there before the stream was opened."""
        self._sessions.update(dict.fromkeys(children))

    def _session_of(self, properties: Mapping[str, Any]) -> str | None:
        for holder in (properties, mapping(properties.get("part")), mapping(properties.get("info"))):
            if "sessionID" in holder:
                return str(holder["sessionID"])
        return None

    def _child(self, session_id: str | None) -> str | None:
        return None if session_id == self._root else session_id

    def _message(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        info = properties["info"]
        if info.get("role") == "user":
            self._foreign.add(info["id"])
        return []

    def _delta(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        part_id, text = properties["partID"], properties.get("delta", "")
        if not text or properties.get("field") != "text" or properties.get("messageID") in self._foreign:
            return []
        self._said[part_id] = self._said.get(part_id, "") + text
        child = self._child(self._session_of(properties))
        return [Output(data=text, part_id=part_id, kind=self._kinds.get(part_id, "text"), child=child)]

    def _part(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        part = properties["part"]
        if part.get("messageID") in self._foreign:
            return []
        if part["type"] == "tool":
            return [tool(part, self._child(part.get("sessionID")))]
        if part["type"] not in {"text", "reasoning"} or part.get("synthetic"):
            return []
        return self._text(part)

    def _text(self, part: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        part_id, full = part["id"], part.get("text", "")
        self._kinds[part_id] = "reasoning" if part["type"] == "reasoning" else "text"
        said = self._said.get(part_id, "")
        if full.startswith(said) and len(full) > len(said):
            self._said[part_id] = full
            child = self._child(part.get("sessionID"))
            return [Output(data=full[len(said) :], part_id=part_id, kind=self._kinds[part_id], child=child)]
        ended = part.get("time", {}).get("end") is not None
        if ended and said.strip() != full.strip():
            self._said[part_id] = full
            return [Resync()]
        return []

    def _status(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        if properties.get("sessionID") != self._root:
            return []
        status = properties["status"]
        if status["type"] == "retry":
            return [Retrying(status.get("attempt", 1), str(status.get("message", "")), moment(status.get("next")))]
        return [Idle()] if status["type"] == "idle" else [Working()]

    def _idle(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        return [Idle()] if properties.get("sessionID") == self._root else []

    def _error(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        if properties.get("sessionID", self._root) not in self._sessions:
            return []
        name, message = error_of(mapping(properties.get("error")))
        return [OutputError(name=name, message=message), Erred(message)]

    def _permission(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        return [asked("permission", properties)]

    def _question(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        return [asked("question", properties)]

    def _replied(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        return [Replied(str(properties.get("requestID") or properties.get("id")))]

    def _todos(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        if properties.get("sessionID") != self._root:
            return []
        items = [{k: str(todo.get(k, "")) for k in ("content", "status", "priority")} for todo in properties["todos"]]
        return [OutputTodos(items=items)]

    def _created(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        info = properties["info"]
        if info.get("parentID") not in self._sessions or info["id"] in self._sessions:
            return []
        self._sessions[info["id"]] = None
        return [OutputChild(child=info["id"], title=info.get("title", ""))]

    def _file(self, properties: Mapping[str, Any]) -> list[AnyOutput | Signal]:
        path = str(properties.get("file", ""))
        return [OutputFile(path=path.removeprefix(self._prefix))] if path else []

    _HANDLERS: ClassVar = {
        "message.updated": _message,
        "message.part.delta": _delta,
        "message.part.updated": _part,
        "session.status": _status,
        "session.idle": _idle,
        "session.error": _error,
        "permission.asked": _permission,
        "permission.replied": _replied,
        "question.asked": _question,
        "question.replied": _replied,
        "question.rejected": _replied,
        "todo.updated": _todos,
        "session.created": _created,
        "file.edited": _file,
    }


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]  JSON keys are text


def asked(kind: Literal["permission", "question"], ask: Mapping[str, Any]) -> Asked:
    """An ask as OpenCode lists or announces it."""
    wanted = ("permission", "patterns", "metadata", "always") if kind == "permission" else ("questions",)
    return Asked(kind, str(ask["id"]), {name: ask[name] for name in wanted if name in ask})


def tool(part: Mapping[str, Any], child: str | None) -> OutputTool:
    """One tool call in its present state; long output keeps its end."""
    state: Mapping[str, Any] = mapping(part.get("state"))
    metadata: Mapping[str, Any] = mapping(state.get("metadata"))
    time: Mapping[str, Any] = mapping(state.get("time"))
    output = state.get("output") or metadata.get("output")
    return OutputTool(
        part_id=part["id"],
        tool=part.get("tool", ""),
        state=state.get("status", "pending"),
        title=state.get("title"),
        input=state.get("input") or {},
        output=str(output)[-_TOOL_OUTPUT_LIMIT:] if output else None,
        error=state.get("error"),
        exit_code=metadata.get("exit"),
        diff=metadata.get("diff") if part.get("tool") in _EDITS else None,
        started_at=moment(time.get("start")),
        ended_at=moment(time.get("end")),
        child=child,
    )


def parts_of(messages: Sequence[Mapping[str, Any]], child: str | None = None) -> list[Output | OutputTool]:
    """All that stored messages show: texts, reasoning, tool calls."""
    made: list[Output | OutputTool] = []
    for message in messages:
        for part in message.get("parts", []):
            if part["type"] == "tool":
                made.append(tool(part, child))
            elif part["type"] in {"text", "reasoning"} and not part.get("synthetic"):
                kind = "reasoning" if part["type"] == "reasoning" else "text"
                made.append(Output(data=part.get("text", ""), part_id=part["id"], kind=kind, child=child))
    return made


def error_of(error: Mapping[str, Any]) -> tuple[str, str]:
    """Name and message of an error as OpenCode stores it."""
    data: Mapping[str, Any] = mapping(error.get("data"))
    name = str(error.get("name", "Error"))
    return name, str(data.get("message") or error.get("message") or name)


def moment(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
