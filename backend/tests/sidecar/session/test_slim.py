"""What stands in `data:` URLs is left out, wherever the pieces of a text are cut; all else stays as it is."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.sidecar.session.slim import Slimmer

PICTURE = base64.b64encode(bytes(range(256)) * 8).decode()
SAID = 'It stands in <img src="data:image/png;base64,' + PICTURE + '"> and "url":"data:image/png;base64,AAAA" in words'


def message(url: str) -> dict[str, Any]:
    attachment = {"type": "file", "mime": "image/png", "url": url}
    state = {"status": "completed", "output": SAID, "attachments": [attachment, attachment]}
    return {"info": {"id": "m"}, "parts": [{"type": "text", "text": SAID}, {"type": "tool", "state": state}]}


def text(url: str) -> bytes:
    return json.dumps([message(url)], separators=(",", ":")).encode()


WHOLE = text(f"data:image/png;base64,{PICTURE}")


def slim(*pieces: bytes) -> bytes:
    slimmer = Slimmer()
    return b"".join([*map(slimmer.feed, pieces), slimmer.rest()])


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20).map(sorted))
def test_only_the_bytes_of_files_go(cuts: list[int]) -> None:
    pieces = [WHOLE[a:b] for a, b in zip([0, *cuts], [*cuts, len(WHOLE)], strict=True)]
    assert slim(*pieces) == text("data:image/png;base64,")


def test_byte_by_byte() -> None:
    assert slim(*(WHOLE[i : i + 1] for i in range(len(WHOLE)))) == text("data:image/png;base64,")


@pytest.mark.parametrize("url", ["https://example.org/x.png", "data:text/plain,hello", "data:", "file:///x", ""])
def test_other_addresses_stay(url: str) -> None:
    assert slim(text(url)) == text(url)


def test_what_ends_an_event_is_not_held_back() -> None:
    assert Slimmer().feed(b'data: {"url":"data:image/png;base64,AAAA"}\n\n').endswith(b'base64,"}\n\n')


@pytest.mark.parametrize("end", ["", '"', '"u', '"url":', '"url":"data:', '"url":"data:image/png;base'])
def test_what_looks_like_a_beginning_comes_at_the_end(end: str) -> None:
    assert slim(b"x" + end.encode()) == b"x" + end.encode()
