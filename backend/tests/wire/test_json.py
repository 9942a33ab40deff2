"""Halves of characters: none is left, and nothing else is touched."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.wire.json import without_lone_halves

HALVES = st.sampled_from(["\ud83d", "\ude00", "\udfff", "\ud800"])
TEXTS = st.lists(st.one_of(st.text(max_size=3), HALVES, st.sampled_from(["\\", '"', "\\u", "d83d"])), max_size=12)


@given(TEXTS)
def test_strict_decoders_take_what_is_left(pieces: list[str]) -> None:
    text = "".join(pieces)
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert msgspec.json.decode(without_lone_halves(json.dumps({text: text}).encode())) == {paired: paired}


@pytest.mark.parametrize(
    "document",
    [rb'"\\ud83d"', rb'"\ud83d\ude00"', rb'"\\\\\ud83d\ude00"', b'"plain"', "\U0001f600".encode(), b"", b"\\ud83"],
)
def test_a_whole_document_stays_as_it_was(document: bytes) -> None:
    assert without_lone_halves(document) == document
