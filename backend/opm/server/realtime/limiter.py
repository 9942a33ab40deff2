"""Counts requests with the `limits` library: in this process, or in a Redis that several controllers share.

When the store fails, this process goes on counting alone: each controller then grants the whole rate, which is more
than was meant and still bounded. It says so once, and looks every few seconds whether the store is back.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from opm.server.core.rates import Rate
from opm.server.core.settings import RateSettings
from opm.server.realtime.windows import Windows

log = structlog.get_logger(__name__)

_PATIENCE = 1.0
"""Seconds that a request may wait for the store; its answer is worth less than that."""
_LOOK_AGAIN = 5.0


class StoredLimiter:
    def __init__(self, settings: RateSettings, *, look_again: float = _LOOK_AGAIN) -> None:
        self._rates: dict[Rate, list[RateLimitItem]] = {
            rate: parse_many(text) if (text := getattr(settings, rate)) else [] for rate in Rate
        }
        self._alone = MovingWindowRateLimiter(Windows())
        self._shared = Shared(settings.store, look_again) if settings.store else None

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
                async with asyncio.timeout(_PATIENCE):
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


class Shared:
    """The store, and what is thought of it at the moment."""

    def __init__(self, address: str, look_again: float, now: Callable[[], float] = time.monotonic) -> None:
        self._storage: Storage = RedisStorage(
            address,
            implementation="redispy",
            key_prefix="opm-rates",
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
        )
        self.windows = MovingWindowRateLimiter(self._storage)
        self._look_again = look_again
        self._now = now
        self._ask_from = -math.inf
        self._down = False

    def due(self) -> bool:
        """Whether to ask it. While it is down one request in a while does, and the others need not wait for that."""
        now = self._now()
        if now < self._ask_from:
            return False
        if self._down:
            self._ask_from = now + self._look_again
        return True

    def failed(self, exc: Exception) -> None:
        self._ask_from = self._now() + self._look_again
        if not self._down:
            self._down = True
            # its kind alone: what it says may hold the address, and with it a password
            log.warning("the store of rate limits does not answer; this process counts alone", error=type(exc).__name__)

    def answered(self) -> None:
        if self._down:
            self._down, self._ask_from = False, -math.inf
            log.info("the store of rate limits answers again")

    async def close(self) -> None:
        # the library has no word for it
        await cast("Any", self._storage).bridge.get_connection().aclose()
