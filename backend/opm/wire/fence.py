"""Which driver of a run is asking: a pod refuses those that were replaced, whatever they still believe."""

from typing import NamedTuple

HEADER = "Opm-Fence"
_LONGEST = 100


class Fence(NamedTuple):
    """``number`` grows with every driver of ``run``."""

    run: str
    number: int


def said(fence: Fence) -> str:
    return f"{fence.run} {fence.number}"


def read(text: str) -> Fence | None:
    """None for what is no fence."""
    run, _, number = text[:_LONGEST].partition(" ")
    return Fence(run, int(number)) if run and number.isascii() and number.isdigit() else None
