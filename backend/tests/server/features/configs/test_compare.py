"""Comparing two texts takes no longer than a moment, whatever somebody wrote into them."""

import random
import time
from typing import Any

import pytest

from opm.server.features.configs.compare import differing


def text(lines: int, words: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [f"{chosen.randrange(words):x}" for _ in range(lines)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (text(2000, 150, 1), text(2000, 150, 2)),
        (text(2000, 25, 1), text(2000, 25, 2)),
        (["a", "b"] * 1000, ["b", "a"] * 1000),
        (text(50_000, 300, 1), text(50_000, 300, 2)),
        (["a"] * 50_000, ["a"] * 49_999),
        ([f"{n}" for n in range(20_000)], [f"{n}" for n in reversed(range(20_000))]),
    ],
    ids=["many words", "few words", "in turn", "as long as may be", "alike", "reversed"],
)
def test_texts_made_to_be_slow_are_not(before: Any, after: Any) -> None:
    began = time.process_time()
    found = list(differing(before, after))
    assert time.process_time() - began < 1
    assert found
    assert sum(line.startswith("+") for line in found) <= len(after) + 1


def test_long_texts_are_told_whole() -> None:
    before, after = ["old"] * 3000, ["new"] * 3000
    found = list(differing(before, after))
    assert found[:3] == ["--- before", "+++ after", "@@ -1,3000 +1,3000 @@"]
    assert found.count("-old") == found.count("+new") == 3000
