"""What is written, and what must not be: secrets by name, secrets in local variables, lines made by strangers."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from opm.server.core.logging import LONGEST_LINE, LONGEST_VALUE, configure
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


@pytest.mark.parametrize("kind", ["console", "json"])
@pytest.mark.parametrize("letter", ["x", "\N{TEACUP WITHOUT HANDLE}", '"'])
def test_a_line_has_an_end(kind: str, letter: str) -> None:
    stream = io.StringIO()
    configure(LogSettings.model_validate({"format": kind}), stream)
    fields = {f"field{number}": letter * 10_000 for number in range(5)}
    log = structlog.get_logger("opm")
    log.info("much", short="whole", many=[letter] * 9_000, **fields)
    (line,) = stream.getvalue().splitlines()
    assert len(line) < LONGEST_LINE + 1_000
    assert "whole" in line
    assert "characters left out]" in line


@pytest.mark.parametrize("kind", ["console", "json"])
def test_a_long_trace_keeps_its_end_and_no_half_of_a_secret(kind: str) -> None:
    stream = io.StringIO()
    configure(LogSettings.model_validate({"format": kind}), stream)
    LIVE.learn("cut-in-two-by-tests")
    for before in range(LONGEST_VALUE - 18, LONGEST_VALUE):
        structlog.get_logger("opm").info("it", text="x" * before + "cut-in-two-by-tests" + "y" * 5_000)
    try:
        refuse("z" * 40_000 + " for this reason")
    except ValueError:
        structlog.get_logger("opm").exception("it failed")
    text = stream.getvalue()
    assert "for this reason" in text
    assert "xcut-" not in text
    assert len(text) < 18 * (LONGEST_VALUE + 500) + LONGEST_LINE
