"""Who watches is told of each change; a slow reader misses steps in between, never the newest state."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from opm.server.runtime.base import Observation


class Reader:
    def __init__(self, current: Iterable[Observation]) -> None:
        self._news = {observation.project_id: observation for observation in current}
        self._bell = asyncio.Event()
        self._closed = False

    def post(self, observation: Observation) -> None:
        self._news[observation.project_id] = observation
        self._bell.set()

    def close(self) -> None:
        self._closed = True
        self._bell.set()

    async def __aiter__(self) -> AsyncIterator[Observation]:
        while True:
            while self._news:
                yield self._news.pop(next(iter(self._news)))
            if self._closed:
                return
            self._bell.clear()
            await self._bell.wait()


class Board:
    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._last: dict[UUID, Observation] = {}

    def post(self, observation: Observation) -> None:
        bare = without_memory(observation)
        if self._last.get(observation.project_id) == bare:
            return
        self._last[observation.project_id] = bare
        for reader in self._readers:
            reader.post(observation)

    @contextmanager
    def reader(self, current: Iterable[Observation]) -> Generator[Reader]:
        reader = Reader(current)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


def without_memory(observation: Observation) -> Observation:
    """For telling whether something changed: memory changes all the time and is no news."""
    return replace(observation, parts=tuple(replace(part, memory_bytes=None) for part in observation.parts))
