"""Ranks: texts that sort as the cards of a column stand, with room between any two."""

from collections.abc import Sequence

from fractional_indexing import (  # pyright: ignore[reportMissingTypeStubs]  it has none
    FIError,
    generate_key_between,
    generate_n_keys_between,
)

LONGEST = 190
"""A little less than a column of the table takes."""


def between(above: str | None, below: str | None) -> str | None:
    """A rank between two, None at an end being open; None when there is no room left, as between equal ranks."""
    try:
        rank = str(generate_key_between(above, below))
    except FIError:
        return None
    return rank if len(rank) <= LONGEST else None


def check(rank: str) -> None:
    """Raises ValueError for what cannot be a rank."""
    if not (rank.isascii() and rank.isalnum()):
        raise ValueError("not a rank")


def spread(number: int) -> Sequence[str]:
    """Fresh ranks for a whole column."""
    return [str(key) for key in generate_n_keys_between(None, None, number)]
