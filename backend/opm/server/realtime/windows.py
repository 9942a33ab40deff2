"""Moments of requests, remembered in this process: a storage for the `limits` library.

The library's own asks a thread about every key with every request. Here a request touches its own key, and those
that were left longest ago are forgotten; how many there may be is bounded, because strangers choose them.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from limits.aio.storage import MovingWindowSupport, Storage

_MOST_KEYS = 50_000


@dataclass(slots=True)
class _Window:
    expiry: float
    moments: deque[float] = field(default_factory=deque[float])


class Windows(Storage, MovingWindowSupport):
    """Counts by moving windows alone."""

    def __init__(self, most_keys: int = _MOST_KEYS, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most = most_keys
        self._now = now
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._now()
        window = self._windows.setdefault(key, _Window(expiry))
        self._windows.move_to_end(key)
        self._forget(now)
        while window.moments and window.moments[0] <= now - expiry:
            window.moments.popleft()
        if len(window.moments) + amount > limit:
            return False
        window.moments.extend([now] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._now()
        window = self._windows.get(key)
        moments = [moment for moment in window.moments if moment > now - expiry] if window else []
        return (moments[0], len(moments)) if moments else (now, 0)

    def _forget(self, now: float) -> None:
        """From the one that was used longest ago: what is over, and what is too much. Seldom more than one."""
        while len(self._windows) > 1:
            key, window = next(iter(self._windows.items()))
            over = not window.moments or window.moments[-1] <= now - window.expiry
            if not over and len(self._windows) <= self._most:
                return
            del self._windows[key]

    # --- what the library asks of every storage --------------------------------------------------------------

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def get(self, key: str) -> int:
        window = self._windows.get(key)
        return len(window.moments) if window else 0

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("only moving windows are counted here")

    async def get_expiry(self, key: str) -> float:
        window = self._windows.get(key)
        return window.moments[-1] + window.expiry if window and window.moments else self._now()

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        count = len(self._windows)
        self._windows.clear()
        return count

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)
