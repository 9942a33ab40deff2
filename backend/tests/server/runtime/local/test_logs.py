"""Output is bounded, and shown without secrets in whatever dress they come."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from opm.server.runtime.local import logs
from opm.server.runtime.redaction import REDACTED, Redactor

SECRET = 'pa"ss/word+1'
AS_IS = Redactor()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"opencode:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_taken_out_in_every_form(form: str) -> None:
    assert Redactor([SECRET])(f"before {form} after") == f"before {REDACTED} after"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (f"using sk-{'x' * 24} now", f"using {REDACTED} now"),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {REDACTED}"),
        ('{"apiKey":"whatever"}', f'{{"apiKey":"{REDACTED}"}}'),
        ('{"apiKey":"{env:OPM_PROVIDER_KEY}"}', '{"apiKey":"{env:OPM_PROVIDER_KEY}"}'),
        ("a task-based approach", "a task-based approach"),
    ],
)
def test_what_looks_like_a_key_is_taken_out_unknown(line: str, clean: str) -> None:
    assert AS_IS(line) == clean


def test_the_longer_of_two_secrets_wins_and_short_ones_are_left() -> None:
    assert Redactor(["secret", "secret-and-more", "ab"])("secret-and-more ab") == f"{REDACTED} ab"


def test_the_newest_lines_come_oldest_first_and_reach_back(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    assert logs.tail(log, 5, AS_IS) == []
    log.write_text("one\ntwo\n")
    logs.rotate(log)
    log.write_text("three\nfour\n")
    assert logs.tail(log, 3, AS_IS) == ["two", "three", "four"]
    assert logs.tail(log, 9, AS_IS, reach_back=False) == ["three", "four"]
    assert logs.tail(log, 0, AS_IS) == []


def test_a_secret_at_the_cut_of_a_long_line_does_not_slip_through(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("x" * (logs.LINE_LIMIT - 4) + "a-long-secret\n")
    (line,) = logs.tail(log, 1, Redactor(["a-long-secret"]))
    assert "a-lo" not in line
    assert len(line) <= logs.LINE_LIMIT


def test_a_log_is_cut_in_place_so_that_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("a", buffering=1) as writer:
        writer.write("old\n" * 100)
        logs.cut(log, 1000)
        assert log.stat().st_size == 400
        logs.cut(log, 399)
        writer.write("new\n")
    assert log.read_text() == "new\n"
    assert logs.tail(log, 2, AS_IS) == ["old", "new"]


def test_scrubbing_takes_secrets_off_the_disk(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("a-long-secret\n")
    logs.rotate(log)
    log.write_text("and a-long-secret\n")
    logs.scrub(log, Redactor(["a-long-secret"]))
    assert log.read_text() == f"and {REDACTED}\n"
    assert logs.older(log).read_text() == f"{REDACTED}\n"
