"""Texts that any database can keep: PostgreSQL takes no U+0000, and JSON can spell it."""

import re
from typing import Any

from pydantic import BaseModel, field_validator

_ZERO = "\0"
_SUBSTITUTE = "\ufffd"
_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class Said(BaseModel):
    """Base of what people send: a text with U+0000 in it is refused, and its field named."""

    @field_validator("*")
    @classmethod
    def _without_zero(cls, value: Any) -> Any:
        if _has_zero(value):
            raise ValueError("the character U+0000 cannot be kept; leave it out")
        return value


def kept(text: str | None) -> str | None:
    """What an agent said, with a substitute for what cannot be kept."""
    return text.replace(_ZERO, _SUBSTITUTE) if text else text


def kept_json(body: bytes) -> bytes:
    """The same for a whole JSON document."""
    return _ESCAPED.sub(rb"\1\\ufffd", body) if rb"\u0000" in body else body


def printable(text: str) -> str:
    """Control and bidirectional characters spelled out, so that they cannot forge what a reader sees."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _has_zero(value: Any) -> bool:
    if isinstance(value, str):
        return _ZERO in value
    if isinstance(value, list | tuple):
        return any(_has_zero(item) for item in value)  # pyright: ignore[reportUnknownVariableType]  any value is fine
    if isinstance(value, dict):
        return any(_has_zero(item) for pair in value.items() for item in pair)  # pyright: ignore[reportUnknownVariableType]  any value is fine
    return False
