"""Structured logs: readable in a terminal, JSON elsewhere, with the request's id on every line of it."""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from opm.server.core.redaction import LIVE
from opm.server.core.settings import LogSettings

LONGEST_LINE = 16 << 10
_LONGEST_FIELD, _LONGEST_TRACE = 2000, 8000
_SECRET_NAMES = ("password", "secret", "token", "api_key", "authorization", "cookie", "pass_key")


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Values under names that tell of secrets are not written."""
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "[redacted]"
    return event


def escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Text from outside cannot start a line of its own or colour the terminal."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable() and name not in {"exception", "stack"}:
            event[name] = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return event


def shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """No line grows beyond some 16 KiB, whatever a caller sent or a trace repeats."""
    for name, value in event.items():
        limit = _LONGEST_TRACE if name in {"exception", "stack"} else _LONGEST_FIELD
        text = value if isinstance(value, str) else "" if isinstance(value, int | float | None) else str(value)
        if len(text) > limit and name != "exc_info" and not name.startswith("_"):
            text = LIVE.clean(text)  # a secret cut in two would not be known for one any more
            event[name] = f"{text[:limit]} … ({len(text) - limit} more)" if len(text) > limit else text
    return event


def bounded(_: WrappedLogger, __: str, line: Any) -> str:
    """Of a rendered line, for those who read it in a terminal."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} … ({len(line) - LONGEST_LINE} more)"


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
        else [structlog.processors.format_exc_info, shorten, structlog.processors.JSONRenderer()]
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
                *final,
                redact_values,
                *([bounded] if console else []),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for noisy in ("aiosqlite", "alembic", "asyncio", "uvicorn.access", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
