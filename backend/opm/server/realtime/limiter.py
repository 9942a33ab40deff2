"""Counts requests with the `limits` library: in this process, or in a Redis that several controllers share.

When the store fails, this process goes on counting alone: each controller then grants the whole rate, which is more
than was meant and still bounded. It says so once, and looks every few seconds whether the store is back.
"""

import asyncio
import time

from limits import RateLimitItem, parse_many
from limits.aio.strategies import MovingWindowRateLimiter

from opm.server.core.rates import Rate
from opm.server.core.settings import RateSettings
from opm.server.realtime.store import PATIENCE, Shared
from opm.server.realtime.windows import Windows

_LOOK_AGAIN = 5.0


class StoredLimiter:
    def __init__(
        self,
        settings: RateSettings,
        *,
        store: str | None = None,
        patience: float = PATIENCE,
        look_again: float = _LOOK_AGAIN,
    ) -> None:
        """`store`: where to count if the settings of rates do not say. `patience`: seconds it may take to answer."""
        store = settings.store or store
        self._rates: dict[Rate, list[RateLimitItem]] = {
            rate: parse_many(text) if (text := getattr(settings, rate)) else [] for rate in Rate
        }
        self._patience = patience
        self._alone = MovingWindowRateLimiter(Windows())
        self._shared = Shared(store, look_again) if store else None

    async def hit(self, rate: Rate, who: str) -> float | None:
        for item in self._rates[rate]:
            wait = await self._count(item, rate, who)
            if wait is not None:
                return wait
        return None

    async def close(self) -> None:
        if self._shared:
            await self._shared.close()

    async def _count(self, item: RateLimitItem, *key: str) -> float | None:
        if self._shared and self._shared.due():
            try:
                async with asyncio.timeout(self._patience):
                    wait = await _hit(self._shared.windows, item, *key)
            except Exception as exc:  # noqa: BLE001  whatever the store does, requests go on
                self._shared.failed(exc)
            else:
                self._shared.answered()
                return wait
        return await _hit(self._alone, item, *key)


async def _hit(windows: MovingWindowRateLimiter, item: RateLimitItem, *key: str) -> float | None:
    if await windows.hit(item, *key):
        return None
    # the oldest that is counted makes room for one when it leaves the window
    free_at, _ = await windows.get_window_stats(item, *key)
    return max(free_at - time.time(), 0.0)
