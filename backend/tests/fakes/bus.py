"""A bus that breaks when a test says so."""

from opm.server.realtime.memory import MemoryBus


class GappyBus(MemoryBus):
    async def break_off(self) -> None:
        await self._tell_gap()

    @property
    def topics(self) -> set[str]:
        return set(self._listeners)
