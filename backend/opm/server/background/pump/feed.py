"""A pod's event stream as the driver reads it: opened again when it breaks, saying so, because what happened in
between is not told again.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opm.server.clients.base import AgentClient, AgentEvent
from opm.server.core.errors import Fault

_ROOM = 10_000
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Connected:
    """The stream is open, for the first time or again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream broke, or cannot be opened."""

    reason: str


Item = AgentEvent | Connected | Lost


class Feed:
    def __init__(self, agent: AgentClient) -> None:
        self._agent = agent
        self._items: asyncio.Queue[Item] = asyncio.Queue(_ROOM)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        reader = asyncio.create_task(self._read())
        try:
            yield
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def next(self, seconds: float) -> Item | None:
        """The next item, or None when none came in time."""
        if not self._items.empty():
            return self._items.get_nowait()
        try:
            async with asyncio.timeout(seconds):
                return await self._items.get()
        except TimeoutError:
            return None

    async def _read(self) -> None:
        while True:
            try:
                async for event in self._agent.events():
                    await self._items.put(Connected() if event.type == "stream.connected" else event)
                await self._items.put(Lost("the stream ended"))
            except Fault as exc:
                await self._items.put(Lost(exc.message))
            await asyncio.sleep(_PAUSE)
