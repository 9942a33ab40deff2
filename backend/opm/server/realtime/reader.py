"""What one watcher has not been sent yet: queues that are bounded by bytes, with one owner each.

The bus puts, never waiting; the owner takes everything that is pending at once. The two kinds differ in what
happens to an owner that falls behind.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from opm.server.realtime.bus import Message

T = TypeVar("T")


class Reader(Generic[T]):
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.pending_bytes = 0
        self.ended = False
        self._items: deque[T] = deque()
        self._ready = asyncio.Event()
        self._on_close: list[Callable[[], None]] = []

    async def take(self, timeout: float) -> list[T]:
        """Everything that waits, in order; empty after `timeout` seconds without news or when `ended`."""
        if not self._ready.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._ready.wait()
            except TimeoutError:
                return []
        return self._drain()

    def close(self) -> None:
        """End it, wake the owner, and stop listening. May be called more than once."""
        self.ended = True
        self._drain()
        self._ready.set()
        actions, self._on_close = self._on_close, []
        for action in actions:
            action()

    def on_close(self, action: Callable[[], None]) -> None:
        if self.ended:
            action()
        else:
            self._on_close.append(action)

    def _append(self, item: T, size: int) -> None:
        self._items.append(item)
        self.pending_bytes += size
        self._ready.set()

    def _drain(self) -> list[T]:
        items = list(self._items)
        self._items.clear()
        self.pending_bytes = 0
        if not self.ended:
            self._ready.clear()
        return items


class BoardReader(Reader[str]):
    """Frames of a WebSocket. One that falls behind is `dropped`: the browser connects again and resumes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.dropped = False

    @property
    def room(self) -> int:
        return self.limit - self.pending_bytes

    def put(self, text: str) -> None:
        if self.ended:
            return
        if len(text) > self.room:
            self.dropped = True
            self.close()
            return
        self._append(text, len(text))


class OutputReader(Reader[Message]):
    """Output of one run. One that falls behind loses nothing: the rows are in the database, so what waits for it
    shrinks to a single message without a body, which says *read there*."""

    def put(self, message: Message) -> None:
        if self.ended:
            return
        if self.pending_bytes + len(message.body) > self.limit:
            self._drain()
            message = Message(message.topic)
        self._append(message, len(message.body))
