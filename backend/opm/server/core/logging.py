"""Structured logs: readable in a terminal, JSON elsewhere, with the request's id on every line of it."""

import json
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from opm.server.core.redaction import LIVE
from opm.server.core.settings import LogSettings

_TRACES = frozenset({"exception", "stack"})
_NOTE = 40
_SECRET_NAMES = ("password", "secret", "token", "api_key", "authorization", "cookie", "pass_key")


LONGEST_VALUE, LONGEST_LINE = 4 << 10, 16 << 10
"""Characters. Who writes to the log by way of what they send shall not fill the disk with one request."""


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Values under names that tell of secrets are not written."""
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "[redacted]"
    return event


def escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Text from outside cannot start a line of its own or colour the terminal."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable() and name not in _TRACES:
            event[name] = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return event


def shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Long values keep their beginning; traces their end, where they say what happened."""
    for name, value in event.items():
        if (
            isinstance(value, bytes | list | tuple | dict | set)
            and len(text := repr(cast("object", value))) > LONGEST_VALUE
        ):
            event[name] = _cut(text, LONGEST_VALUE)
        elif isinstance(value, str):
            event[name] = _cut(value, LONGEST_LINE // 2 if name in _TRACES else LONGEST_VALUE, at_end=name in _TRACES)
    while _size(event) > LONGEST_LINE:
        name, value = max(((n, v) for n, v in event.items() if isinstance(v, str)), key=lambda pair: len(pair[1]))
        event[name] = _cut(value, len(value) // 2 - _NOTE, at_end=name in _TRACES)
    return event


def _size(event: EventDict) -> int:
    """As written; JSON spells most letters of the world with six characters, some with twelve."""
    rough = sum(len(value) for value in event.values() if isinstance(value, str))
    return rough if rough < LONGEST_LINE // 12 else len(json.dumps(event, default=str))


def _cut(text: str, limit: int, *, at_end: bool = False) -> str:
    if len(text) <= limit:
        return text
    whole = LIVE.clean(text)  # what is cut in two is not found any more
    note = f"[{max(len(whole) - limit, 0)} characters left out]"
    return f"{note} {whole[-limit:]}" if at_end else f"{whole[:limit]} {note}"


def redact_values(_: WrappedLogger, __: str, line: Any) -> str:
    """The whole line, so that traces and other people's messages are covered, too."""
    return LIVE.clean(line)


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    out = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        redact,
        shorten,
        escape,
    ]
    final: list[structlog.typing.Processor] = (
        # plain: the fancy formatters, where installed, print local variables, and with them secrets
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                shorten,
                *final,
                redact_values,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for noisy in ("aiosqlite", "alembic", "asyncio", "uvicorn.access", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
