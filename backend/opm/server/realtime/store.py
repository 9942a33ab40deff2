"""The Redis in which several controllers count rates together, and what is thought of it at the moment."""

import math
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds that a request may wait for the store; its answer is worth less than that."""


class Shared:
    def __init__(self, address: str, look_again: float, now: Callable[[], float] = time.monotonic) -> None:
        self._storage: Storage = RedisStorage(
            address,
            implementation="redispy",
            key_prefix="opm-rates",
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
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
