"""Which turn of which script answers a request. Stateless: the history in the request says how far things are."""

import hashlib
import shlex
from dataclasses import dataclass
from typing import Any

import msgspec

from opm.sidecar.model.script import Rate, Say, ScriptError, Step, Tool, Turn, is_scripted, parse

NOTES = "demo-notes.md"
_PACE = Rate(25)

INTRODUCTION = (
    "Demo model: I am the scripted demo model, not a language model, so I cannot work on this on my own. I follow "
    "lines that begin with 'demo:' in a task's description, for example 'demo: say Hello' or 'demo: write "
    "hello.md Hello'; the sample cards show how. The agent around me is the real one, and so are its files, "
    "tools and questions. To have real work done, enter a provider and its key in the project's Settings; it "
    "is one form."
)


class _Message(msgspec.Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part.get("text", "")) for part in self.content or [] if part.get("type") == "text")


class Request(msgspec.Struct):
    """What the model looks at; everything else in a request is accepted and ignored."""

    messages: list[_Message]
    model: str = "demo"
    stream: bool = False
    tools: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])

    def tool_names(self) -> set[str]:
        functions = (tool.get("function") for tool in self.tools)
        return {str(function.get("name")) for function in functions if isinstance(function, dict)}  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """``key`` names the point in the conversation: the same request has the same key, its successor another."""

    turn: Turn
    key: str


def reply(request: Request) -> Reply:
    return Reply(_turn(request), _key(request))


def _turn(request: Request) -> Turn:
    messages = request.messages
    system = "\n".join(message.text for message in messages if message.role == "system")
    asked = [index for index, message in enumerate(messages) if message.role == "user"]
    if not asked:
        return _say(INTRODUCTION)
    if "title generator" in system[:500].lower():
        return Turn((Say(_title([messages[index].text for index in asked])),))
    last = asked[-1]
    answered = sum(message.role == "assistant" for message in messages[last:])
    if is_scripted(messages[last].text):
        return _scripted(messages[last].text, answered)
    begun = any(message.role == "assistant" for message in messages[:last])
    if not begun:
        return _say(INTRODUCTION)
    if not request.tools:
        return _say(f"Demo model: so far this was asked: {_clip(messages[asked[0]].text, 400)}")
    return _feedback(messages[last].text, answered, request.tool_names())


def _scripted(text: str, answered: int) -> Turn:
    try:
        turns = parse(text)
    except ScriptError as exc:
        return _say(f"Demo model: I cannot follow this script: {exc}.")
    if answered >= len(turns):
        return _say("Demo model: the script ends here.")
    turn = turns[answered]
    return Turn((_PACE, *turn.steps), turn.failure, turn.finish, turn.usage)


def _feedback(text: str, answered: int, tools: set[str]) -> Turn:
    """A human's word on a card: shown to have arrived, and left behind as a line in a file."""
    said = _clip(text, 400)
    note = _note(f"- {said}", tools)
    if answered > 0 or note is None:
        done = f"I have added your words to {NOTES}" if note else "I have no tool to write it down with"
        return _say(
            f"Demo model: you said: {said}\n\n{done}, which is all a scripted model can do with them. "
            "A real provider, entered in the project's Settings, would act on them."
        )
    return _say(f"Demo model: thank you. You said: {said}\n\nI note it in {NOTES}.", note)


def _note(line: str, tools: set[str]) -> Tool | None:
    """Appending needs a shell; without one the file holds the newest note alone."""
    if "bash" in tools:
        command = f"printf '%s\\n' {shlex.quote(line)} >> {NOTES}"
        return Tool("bash", msgspec.json.encode({"command": command, "description": "Add a note"}).decode())
    if "write" in tools:
        return Tool("write", msgspec.json.encode({"filePath": NOTES, "content": f"{line}\n"}).decode())
    return None


def _say(text: str, *more: Step) -> Turn:
    return Turn((_PACE, Say(text), *more))


def _title(asked: list[str]) -> str:
    prose = [line for text in asked for line in text.splitlines() if line.strip() and not is_scripted(line)]
    return f"Demo: {_clip(prose[-1], 40)}" if prose else "Demo run"


def _clip(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _key(request: Request) -> str:
    digest = hashlib.sha256()
    for message in request.messages:
        if message.role != "system":
            digest.update(f"{message.role}\x00{message.text}\x00".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
