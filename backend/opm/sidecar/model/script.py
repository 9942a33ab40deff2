"""The language of the demo model: lines that begin with ``demo:`` in an ordinary prompt. Pure; plays nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import msgspec

_LINE = re.compile(r"^[\s>*-]*demo:[ \t]*(\S*)[ \t]*(.*?)\s*$", re.IGNORECASE)
MOST_TOKENS = 100_000
LONGEST_WAIT = 3_600.0


class ScriptError(Exception):
    """Shown to whoever wrote the script: names the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    thought: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Words in a second from here on; 0 means as fast as possible."""

    words: float


@dataclass(frozen=True, slots=True)
class Stream:
    count: int
    rate: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection ends here, in the middle of the answer."""


Step = Say | Tool | Wait | Rate | Stream | Drop


@dataclass(frozen=True, slots=True)
class Failure:
    """``times`` None: always."""

    status: int
    message: str
    times: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer to one request. A failure is looked at before any step is played."""

    steps: tuple[Step, ...] = ()
    failure: Failure | None = None
    finish: str | None = None
    usage: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def finish_reason(self) -> str:
        if self.finish is not None:
            return self.finish
        return "tool_calls" if any(isinstance(step, Tool) for step in self.steps) else "stop"


def is_scripted(text: str) -> bool:
    return any(_LINE.match(line) for line in text.splitlines())


def parse(text: str) -> list[Turn]:
    turns = [Turn()]
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.match(line)
        if match is None:
            continue
        word, rest = match.group(1).lower(), match.group(2)
        if word == "next":
            turns.append(Turn())
            continue
        try:
            turns[-1] = _READERS.get(word, _unknown)(turns[-1], rest)
        except (ScriptError, ValueError) as exc:
            raise ScriptError(f"line {number}, demo: {word} - {exc}") from exc
    return turns


def _step(read: Callable[[str], Step]) -> Callable[[Turn, str], Turn]:
    def add(turn: Turn, rest: str) -> Turn:
        return replace(turn, steps=(*turn.steps, read(rest)))

    return add


def _text(rest: str) -> str:
    """``\\n`` and ``\\t`` stand for what they stand for everywhere, ``\\\\`` for one backslash."""
    return re.sub(r"\\([nt\\])", lambda match: {"n": "\n", "t": "\t", "\\": "\\"}[match.group(1)], rest)


def _tool(rest: str) -> Tool:
    name, _, arguments = rest.partition(" ")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise ScriptError("name a tool and give its arguments as JSON: demo: tool read {...}")
    try:
        parsed = msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        raise ScriptError("the arguments are not a JSON object on one line") from None
    return _call(name, **parsed)


def _write(rest: str) -> Tool:
    path, _, content = rest.partition(" ")
    if not path:
        raise ScriptError("name a file and its content: demo: write notes.md Hello")
    return _call("write", filePath=path, content=_text(content) + "\n")


def _run(rest: str) -> Tool:
    if not rest:
        raise ScriptError("give a command: demo: run ls")
    return _call("bash", command=rest, description=f"Demo: {rest[:60]}")


def _ask(rest: str) -> Tool:
    question, *options = [part.strip() for part in rest.split("|")]
    if not question or len(options) < 2:
        raise ScriptError("ask a question and offer two answers or more: demo: ask Which? | This | That")
    offered = [{"label": option, "description": option} for option in options]
    return _call("question", questions=[{"question": question, "header": question[:12], "options": offered}])


def _call(name: str, /, **arguments: Any) -> Tool:
    return Tool(name, msgspec.json.encode(arguments).decode())


def _number(text: str, most: float) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) > most:
        raise ScriptError(f"{text[:20]!r} is not a number from 0 to {most:g}")
    return float(text)


def _stream(rest: str) -> Stream:
    count, _, rate = rest.partition(" ")
    return Stream(int(_number(count, MOST_TOKENS)), _number(rate.strip() or "0", MOST_TOKENS))


def _status(text: str) -> int:
    if not re.fullmatch(r"[45][0-9][0-9]", text):
        raise ScriptError(f"{text[:20]!r} is not an HTTP status from 400 to 599")
    return int(text)


def _error(turn: Turn, rest: str) -> Turn:
    status, _, message = rest.partition(" ")
    return replace(turn, failure=Failure(_status(status), message or "The demo script asked for this error."))


def _fail(turn: Turn, rest: str) -> Turn:
    status, times, retry_after = [*rest.split(), "", "", ""][:3]
    failure = Failure(
        _status(status),
        "The demo script asked for this failure.",
        times=int(_number(times or "1", 100)),
        retry_after=_number(retry_after, LONGEST_WAIT) if retry_after else None,
    )
    return replace(turn, failure=failure)


def _finish(turn: Turn, rest: str) -> Turn:
    if not re.fullmatch(r"[a-z_-]{1,32}", rest):
        raise ScriptError("give a reason such as stop, length or content_filter")
    return replace(turn, finish=rest)


def _usage(turn: Turn, rest: str) -> Turn:
    try:
        usage = msgspec.json.decode(rest, type=dict[str, Annotated[int, msgspec.Meta(ge=0)]])
    except msgspec.DecodeError:
        raise ScriptError('give whole numbers as JSON: demo: usage {"prompt_tokens": 10}') from None
    return replace(turn, usage=usage)


def _unknown(_: Turn, __: str) -> Turn:
    raise ScriptError(f"there is no such word; there are: {', '.join(sorted(WORDS))}")


_READERS: dict[str, Callable[[Turn, str], Turn]] = {
    "say": _step(lambda rest: Say(_text(rest))),
    "think": _step(lambda rest: Say(_text(rest), thought=True)),
    "tool": _step(_tool),
    "write": _step(_write),
    "run": _step(_run),
    "ask": _step(_ask),
    "wait": _step(lambda rest: Wait(_number(rest, LONGEST_WAIT))),
    "rate": _step(lambda rest: Rate(_number(rest, MOST_TOKENS))),
    "stream": _step(_stream),
    "drop": _step(lambda _: Drop()),
    "error": _error,
    "fail": _fail,
    "finish": _finish,
    "usage": _usage,
}

WORDS = frozenset({*_READERS, "next"})
