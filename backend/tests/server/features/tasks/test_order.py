"""Ranks have room between any two, wherever cards are put, and never grow beyond their column."""

from hypothesis import given
from hypothesis import strategies as st

from opm.server.features.tasks import order

COLUMN_WIDTH = 200


@given(st.lists(st.integers(min_value=0, max_value=1000), max_size=60))
def test_any_sequence_of_insertions_keeps_the_order(places: list[int]) -> None:
    ranks: list[str | None] = []
    for place in places:
        at = place % (len(ranks) + 1)
        neighbours = [None, *ranks, None]
        rank = order.between(neighbours[at], neighbours[at + 1])
        assert rank is not None
        ranks.insert(at, rank)
    assert ranks == sorted(ranks, key=lambda rank: (rank or "").encode())
    assert len(set(ranks)) == len(ranks)


def test_a_gap_that_is_used_up_is_said_to_be() -> None:
    """Thousands of cards dropped at one place end in None, never in a rank too long to be kept."""
    low, high = order.spread(2)
    for turn in range(5000):
        rank = order.between(low, high)
        if rank is None:
            break
        assert low < rank < high
        assert len(rank) <= COLUMN_WIDTH
        low, high = (rank, high) if turn % 2 else (low, rank)
    else:
        raise AssertionError("there was always room")
    assert turn > 500


def test_equal_ranks_leave_no_room() -> None:
    assert order.between("a0", "a0") is None
    assert order.between("a1", "a0") is None


def test_both_ends_are_open_for_long() -> None:
    first = last = order.between(None, None)
    for _ in range(2000):
        first, last = order.between(None, first), order.between(last, None)
        assert first is not None
        assert last is not None
    assert first is not None
    assert last is not None
    assert first < last
    assert len(first) + len(last) < 20


def test_a_fresh_column_is_in_order_and_short() -> None:
    ranks = list(order.spread(500))
    assert ranks == sorted(set(ranks))
    assert max(map(len, ranks)) < 6
