"""What is written, and what must not be: secrets by name, secrets in local variables, lines made by strangers."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from opm.server.core.logging import configure
from opm.server.core.redaction import LIVE
from opm.server.core.settings import LogSettings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()


def fail(api_key: str) -> None:
    raise ValueError(f"refused a key of {len(api_key)} letters")


def refuse(key: str) -> None:
    raise ValueError(f"refused {key}")


def written(kind: str) -> str:
    stream = io.StringIO()
    configure(LogSettings.model_validate({"format": kind}), stream)
    log = structlog.get_logger("opm")
    structlog.contextvars.bind_contextvars(request_id="r-1")
    log.info("saved", api_key="sk-hidden", refresh_token="rt-hidden", project="p-1")
    log.info("named", name="x\n12:00:00 [info] forged \x1b[31m")
    try:
        fail("".join(("sk-", "hid", "den")))
    except ValueError:
        log.exception("it failed")
    log.debug("too quiet")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["console", "json"])
def test_a_live_secret_is_written_nowhere_in_a_line(kind: str) -> None:
    LIVE.learn("live-value-of-tests")
    stream = io.StringIO()
    configure(LogSettings.model_validate({"format": kind}), stream)
    try:
        refuse("live-value-of-tests")
    except ValueError:
        structlog.get_logger("opm").exception("a key like live-value-of-tests", found={"in": ["live-value-of-tests"]})
    logging.getLogger("elsewhere").warning("sent %s", "live-value-of-tests")
    text = stream.getvalue()
    assert text.count("[redacted]") >= 4
    assert "live-value-of-tests" not in text


@pytest.mark.parametrize("kind", ["console", "json"])
def test_no_secret_is_written(kind: str) -> None:
    text = written(kind)
    assert "hidden" not in text
    assert "refused a key of 9 letters" in text
    assert "p-1" in text
    assert "too quiet" not in text


@pytest.mark.parametrize("kind", ["console", "json"])
def test_strangers_cannot_start_a_line(kind: str) -> None:
    text = written(kind)
    assert not any(line.startswith("12:00:00 [info] forged") for line in text.splitlines())
    assert "\x1b[31m" not in text.replace("\x1b[31m\x1b[1m", "")


def test_json_lines_name_the_request() -> None:
    first = json.loads(written("json").splitlines()[0])
    assert first["request_id"] == "r-1"
    assert first["event"] == "saved"
    assert first["api_key"] == "[redacted]"
    assert first["timestamp"].endswith("Z")


def test_auto_means_json_when_nobody_looks() -> None:
    assert written("auto").startswith("{")


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_is_longer_than_16_kib(form: Literal["json", "console"]) -> None:
    out = io.StringIO()
    configure(LogSettings(format=form), out)
    log = structlog.get_logger("test")
    log.info("long", path="/" + "x" * 100_000, many=["y" * 1000] * 100)
    logging.getLogger("other").warning("z" * 100_000)
    log.error("failed", exc_info=ValueError("w" * 100_000))
    lines = out.getvalue().splitlines()
    assert len(lines) >= 3
    assert max(map(len, lines)) < (16 << 10) + 100
    assert "more)" in lines[0]
    if form == "json":
        assert [json.loads(line)["event"][:4] for line in lines] == ["long", "zzzz", "fail"]


def test_a_secret_is_not_cut_in_two() -> None:
    out = io.StringIO()
    configure(LogSettings(format="json"), out)
    secret = "cut-me-if-you-can-0123456789"
    LIVE.learn(secret)
    structlog.get_logger("test").info("x" * 1990 + secret + "y" * 500)
    assert "cut-me" not in out.getvalue()
