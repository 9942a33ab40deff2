"""Keeps loops going: one that fails is logged and started again, later and later."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from opm.server.core.errors import Conflict, Fault
from opm.server.core.jitter import jittered
from opm.server.realtime.bus import Bus

log = structlog.get_logger(__name__)

_LONGEST_PAUSE = 30.0


class Supervisor:
    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(self._keep(name, loop), name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        pause = 0.5
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await loop()
            except Conflict as exc:
                log.info("a loop is not ours any more", loop=name, reason=exc.message)
            except Fault as exc:
                # it passes, and when it has, nobody shall wait long for what was to be done meanwhile
                log.warning("a loop waits for what it depends on", loop=name, reason=exc.message)
                pause = jittered(1.0)
            except Exception:
                log.exception("a loop failed and starts again", loop=name, pause=pause)
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE:
                pause = 0.5
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


class Bell:
    """Rung from anywhere in this process; whoever waits comes at once, or after a while anyhow."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self, *_: object) -> None:
        self._rung.set()

    def hang(self, bus: Bus, topic: str) -> Callable[[], None]:
        """Rung by that topic from now on, and when the bus may have missed something; the result takes it down."""

        async def missed() -> None:
            self.ring()

        stops = (bus.listen(topic, self.ring), bus.on_gap(missed))

        def stop() -> None:
            for each in stops:
                each()

        return stop

    async def wait(self, seconds: float) -> bool:
        """True if it was rung, False if time passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True
