"""Frames, read back by the rules that browsers follow."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.wire import sse


def read(stream: bytes) -> list[dict[str, str]]:
    """A parser by the standard: comments skipped, several data lines joined."""
    found: list[dict[str, str]] = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                value = value.removeprefix(" ")
                fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
        if fields:
            found.append(fields)
    return found


@given(st.integers(1, 2**63), st.dictionaries(st.text(), st.text()), st.sampled_from([None, 1]))
def test_a_row_arrives_as_it_was(seq: int, content: dict[str, str], indent: int | None) -> None:
    data = json.dumps(content, indent=indent).encode()
    (found,) = read(sse.frame(seq, "output", data))
    assert (found["id"], found["event"]) == (str(seq), "output")
    assert json.loads(found["data"]) == content


def test_many_frames_in_one_piece_stay_apart() -> None:
    stream = b"".join(sse.frame(n, "output", b"{}") for n in (1, 2)) + sse.HEARTBEAT + sse.frame(3, "tool", b"{}")
    assert [(f["id"], f["event"]) for f in read(stream)] == [("1", "output"), ("2", "output"), ("3", "tool")]


@pytest.mark.parametrize("control", [sse.RESET, sse.END, sse.RETRY, sse.HEARTBEAT])
def test_what_is_no_row_has_no_number(control: bytes) -> None:
    assert control.endswith(b"\n\n")
    assert all("id" not in fields for fields in read(control))


def test_the_end_is_seen_by_its_name_and_not_by_what_somebody_writes() -> None:
    said = json.dumps({"data": "\nevent: completion\n"}).encode()
    talk = sse.frame(1, "output", said)
    assert not sse.completes(talk)
    assert not sse.completes(sse.frame(1, "output", b"{\nevent: completion\n}"))
    assert sse.completes(talk + sse.frame(2, "completion", b"{}"))
