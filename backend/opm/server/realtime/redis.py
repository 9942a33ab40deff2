"""The bus of several controllers: what was saved here is heard there, over Redis publish/subscribe.

Listeners of this process hear at once, whatever Redis does. For the others Redis carries the news and nothing else:
rows are the truth. While it is away, and once when it is back, everybody is told that something may have been missed
and looks into the database; so is everybody when a controller could not get rid of what it had to say.

One pattern covers all topics, so that who listens hears from then on, without waiting for a subscription.
"""

import asyncio
import contextlib
import secrets
import struct
import time
from collections import deque
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from opm.server.core.jitter import jittered
from opm.server.realtime.bus import Message
from opm.server.realtime.memory import MemoryBus

log = structlog.get_logger(__name__)

_HEAD = struct.Struct("!8sQQd")
_GAP = "gap"
_LARGEST_BODY = 256 << 10
"""Of output; what is longer is only announced, and read from the database."""
_MOST_WAITING = 8 << 20
_AT_ONCE = 500
_PATIENCE = 1.0
_SIGN_OF_LIFE, _SILENCE = 1.0, 2.5
_LONGEST_PAUSE = 1.0
"""With the time that connecting may take, two seconds between looks into the database while Redis is away."""

_BROKEN = (RedisError, OSError, TimeoutError)


class RedisBus(MemoryBus):
    def __init__(self, url: str, *, prefix: str = "opm") -> None:
        super().__init__()
        self._prefix = f"{prefix}:"
        self._me = secrets.token_bytes(8)
        # a retry of the library's own would publish a message twice
        self._redis: Any = cast("Any", Redis).from_url(
            url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._all_said = asyncio.Event()
        self._all_said.set()
        self._lossy = False
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = asyncio.Event()
        self._lost = False
        self._reconnects = 0

    @property
    def connected(self) -> bool:
        return self._subscribed.is_set()

    @property
    def reconnects(self) -> int:
        return self._reconnects

    async def open(self) -> None:
        """Redis need not be there; it is waited for a moment, so that a start is no gap."""
        self._tasks = [asyncio.create_task(self._hear_always()), asyncio.create_task(self._say_always())]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), 2 * _PATIENCE)

    async def close(self) -> None:
        """What was posted last is still said, if Redis takes it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_said.wait(), _PATIENCE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()
        await super().close()

    def doubt(self) -> None:
        super().doubt()
        self._lossy = True
        self._more.set()

    def post_here(self, message: Message) -> None:
        super()._deliver(message)

    def _deliver(self, message: Message) -> None:
        """To the listeners of this process, and soon to the other controllers."""
        super()._deliver(message)
        if len(message.body) > _LARGEST_BODY and message.last:
            message = Message(message.topic, b"", message.first, message.last)
        if self._bytes + len(message.body) > _MOST_WAITING or self._lossy:
            self._lossy = True  # they are told, when that can be, to read all of it
        else:
            self._waiting.append(message)
            self._bytes += len(message.body)
        self._more.set()
        self._all_said.clear()

    # --- saying ----------------------------------------------------------------------------------------------

    async def _say_always(self) -> None:
        attempt = 0
        while True:
            await self._more.wait()
            try:
                await self._say()
                attempt = 0
            except _BROKEN:
                self._lossy = True
                self._forget_waiting()
                attempt += 1
                await asyncio.sleep(_pause(attempt))

    async def _say(self) -> None:
        lossy, self._lossy = self._lossy, False
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
        self._bytes -= sum(len(message.body) for message in batch)
        if not batch and not lossy:
            self._more.clear()
            self._all_said.set()
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for message in batch:
                pipe.publish(self._prefix + message.topic, self._packed(message))
            if lossy:
                pipe.publish(self._prefix + _GAP, self._packed(Message(_GAP)))
            await pipe.execute()

    def _forget_waiting(self) -> None:
        self._waiting.clear()
        self._bytes = 0

    def _packed(self, message: Message) -> bytes:
        return _HEAD.pack(self._me, message.first, message.last, message.at) + message.body

    # --- hearing ---------------------------------------------------------------------------------------------

    async def _hear_always(self) -> None:
        attempt = 0
        while True:
            try:
                await self._hear()
            except _BROKEN as exc:
                attempt = 1 if self.connected else attempt + 1
                self._subscribed.clear()
                if not self._lost:
                    self._lost = True
                    # its kind alone: what it says may hold the address, and with it a password
                    log.warning("redis is away; news of other controllers come late", error=type(exc).__name__)
            await self._tell_gap()
            await asyncio.sleep(_pause(attempt))

    async def _hear(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.psubscribe(f"{self._prefix}*")
            heard = time.monotonic()
            while True:
                item: dict[str, Any] | None = await channel.get_message(timeout=_SIGN_OF_LIFE)
                now = time.monotonic()
                if item is not None:
                    heard = now
                    await self._item(item)
                elif now - heard > _SILENCE:
                    raise TimeoutError
                else:
                    await channel.ping()

    async def _item(self, item: dict[str, Any]) -> None:
        if item["type"] == "psubscribe":
            await self._found()
        elif item["type"] == "pmessage" and len(item["data"]) >= _HEAD.size:
            origin, first, last, at = _HEAD.unpack_from(item["data"])
            topic = item["channel"].decode().removeprefix(self._prefix)
            if origin == self._me:
                return
            if topic == _GAP:
                await self._tell_gap()
            else:
                super()._deliver(Message(topic, item["data"][_HEAD.size :], first, last, at))

    async def _found(self) -> None:
        self._subscribed.set()
        if self._lost:
            self._lost = False
            self._reconnects += 1
            log.info("redis is there again")
            await self._tell_gap()


def _pause(attempt: int) -> float:
    return jittered(min(_LONGEST_PAUSE, 0.05 * 2 ** min(attempt, 10)))
