"""How a run ended, read from the messages that OpenCode stored; its events alone do not tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opm.server.clients.translate import error_of, mapping

Message = Mapping[str, Any]


class End(StrEnum):
    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    BLOCKED = "blocked"
    FAILED = "failed"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"
    """The last answer was never completed: if OpenCode is not at work, it was interrupted."""
    UNANSWERED = "unanswered"
    """There is no answer at all."""


@dataclass(frozen=True, slots=True)
class Reading:
    end: End
    reason: str | None
    text: str | None
    """What the agent said last."""
    tokens: dict[str, int]
    cost: float
    """In dollars, as OpenCode reckons it from the model's price."""


def answers_to(messages: Sequence[Message], message_id: str) -> list[Message]:
    """The agent's messages after a prompt. Later prompts come only from OpenCode itself, as when it compacts."""
    ids = [message["info"]["id"] for message in messages]
    if message_id not in ids:
        return []
    return [m for m in messages[ids.index(message_id) + 1 :] if m["info"]["role"] == "assistant"]


def read(messages: Sequence[Message], message_id: str) -> Reading:
    answers = answers_to(messages, message_id)
    tokens = _tokens(answers)
    cost = sum(float(m["info"].get("cost") or 0) for m in answers)
    spoken = [m for m in answers if not m["info"].get("summary")]
    if not spoken:
        return Reading(End.UNANSWERED, None, None, tokens, cost)
    end, reason = _end(spoken[-1])
    return Reading(end, reason, text_of(spoken[-1]), tokens, cost)


def _end(message: Message) -> tuple[End, str | None]:
    info = message["info"]
    if info.get("error"):
        return _failure(info["error"])
    if "completed" not in info.get("time", {}):
        return End.UNFINISHED, None
    match info.get("finish"):
        case "stop":
            return End.SUCCESS, None
        case "length":
            return End.INCOMPLETE, (
                "The answer reached the model's output limit. Send feedback to let it go on, or raise the limit."
            )
        case "tool-calls":
            return End.BLOCKED, _blocked(message)
        case "content-filter":
            return End.FAILED, "The provider's content filter stopped the answer. Rephrase the task."
        case None:
            return End.STOPPED, None
        case other:
            return End.FAILED, f"The model ended with “{other}”. Send feedback to let it try again."


def _failure(error: Mapping[str, Any]) -> tuple[End, str | None]:
    name, message = error_of(error)
    if name == "MessageAbortedError":
        return End.STOPPED, None
    status = mapping(error.get("data")).get("statusCode")
    advice = {
        400: "The provider refused the request",
        401: "The provider refused the API key; check it in the settings",
        403: "The provider refused access; check the API key and the model in the settings",
        404: "The provider does not know this model or address; check the settings",
        429: "The provider's rate limit was reached; wait a little and run again",
    }.get(status or 0)
    return End.FAILED, f"{advice}: {message}" if advice else message


def _blocked(message: Message) -> str:
    for part in reversed(message.get("parts", [])):
        state = mapping(part.get("state"))
        if part["type"] == "tool" and state.get("status") == "error":
            return f"The agent stopped because {part.get('tool')} was refused: {state.get('error')}"
    return "The agent stopped because a permission was refused or a question dismissed."


def text_of(message: Message) -> str:
    """Only what follows the last start of a step: before it may stand the text of a failed attempt."""
    texts: list[str] = []
    for part in message.get("parts", []):
        if part["type"] == "step-start":
            texts = []
        elif part["type"] == "text" and not part.get("synthetic"):
            texts.append(part.get("text", ""))
    return "\n\n".join(text for text in texts if text)


def _tokens(answers: Sequence[Message]) -> dict[str, int]:
    total: dict[str, int] = {"input": 0, "output": 0, "reasoning": 0, "cache_read": 0, "cache_write": 0}
    for message in answers:
        for name, number in tokens_of(message["info"]).items():
            total[name] += number
    return total


def tokens_of(info: Mapping[str, Any]) -> dict[str, int]:
    """What a message or a session used, under our names."""
    used = mapping(info.get("tokens"))
    cache = mapping(used.get("cache"))
    plain = {name: int(used.get(name) or 0) for name in ("input", "output", "reasoning")}
    return {**plain, "cache_read": int(cache.get("read") or 0), "cache_write": int(cache.get("write") or 0)}
