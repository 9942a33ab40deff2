"""How long this process may still act as the one that does. By its own clock, which only ever goes on, from before
the database was asked: so it stops before the database lets another one begin, also when it was paused meanwhile."""

import math
import time
from collections.abc import Callable

from opm.server.features.sessions.runs import Fenced
from opm.wire.fence import Fence

_MARGIN = 6
"""A sixth of the lease is left for what is on its way."""


class Lease:
    def __init__(
        self, name: str, number: int, seconds: float, asked_at: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`asked_at`: when, on that clock, the database was asked for it."""
        self.fence = Fence(name, number)
        self._seconds = seconds - seconds / _MARGIN
        self._now = now
        self._until = asked_at + self._seconds

    @property
    def left(self) -> float:
        """Seconds; none or fewer when it is over."""
        return self._until - self._now()

    def extend(self, asked_at: float) -> None:
        self._until = asked_at + self._seconds

    def end(self) -> None:
        self._until = -math.inf

    def hold(self) -> Fence:
        """What is shown to others. Raises `Fenced` when it is over."""
        if self.left <= 0:
            raise Fenced("The lease ran out; another controller may have it.")
        return self.fence
