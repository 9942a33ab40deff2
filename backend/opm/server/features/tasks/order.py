"""Ranks: texts that sort as the cards of a column stand, with room between any two."""

from collections.abc import Sequence

from fractional_indexing import (  # pyright: ignore[reportMissingTypeStubs]  it has none
    FIError,
    generate_key_between,
    generate_n_keys_between,
)


def between(above: str | None, below: str | None) -> str | None:
    """A rank between two, None at an end being open; None when there is no room, as equal ranks have."""
    try:
        return str(generate_key_between(above, below))
    except FIError:
        return None


def spread(number: int) -> Sequence[str]:
    """Fresh ranks for a whole column."""
    return [str(key) for key in generate_n_keys_between(None, None, number)]
