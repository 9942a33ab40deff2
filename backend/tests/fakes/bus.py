"""A bus that breaks when a test says so."""

from collections.abc import Awaitable, Callable

from opm.server.realtime.memory import MemoryBus


class GappyBus(MemoryBus):
    def __init__(self) -> None:
        super().__init__()
        self._on_gap: list[Callable[[], Awaitable[None]]] = []

    def on_gap(self, listener: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        self._on_gap.append(listener)
        return lambda: self._on_gap.remove(listener)

    async def break_off(self) -> None:
        for listener in self._on_gap:
            await listener()

    @property
    def topics(self) -> set[str]:
        return set(self._listeners)
