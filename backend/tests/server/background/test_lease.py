"""A lease by a clock of one's own: over before the database's is, whatever happened meanwhile."""

import pytest

from opm.server.background.lease import Lease
from opm.server.features.sessions.runs import Fenced


def test_it_ends_before_the_database_lets_another_begin() -> None:
    now = [100.0]
    lease = Lease("run", 3, 15, asked_at=99.0, now=lambda: now[0])
    assert lease.hold() == ("run", 3)
    now[0] = 99 + 12.4
    lease.hold()
    now[0] = 99 + 12.6
    with pytest.raises(Fenced):
        lease.hold()


def test_it_counts_from_before_it_was_asked_for() -> None:
    """An answer that took long, or a pause before it was read, makes it no longer."""
    now = [0.0]
    lease = Lease("run", 1, 15, asked_at=0.0, now=lambda: now[0])
    now[0] = 60.0
    lease.extend(asked_at=5.0)
    assert lease.left < 0
    lease.extend(asked_at=59.0)
    assert lease.hold() == ("run", 1)
    lease.end()
    with pytest.raises(Fenced):
        lease.hold()
