"""Finds runs that need a driver and gives them one; keeps their leases."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import structlog

from opm.server.background.lease import Lease
from opm.server.background.pump.driver import Driver
from opm.server.background.supervisor import Bell
from opm.server.core.errors import Fault
from opm.server.features.sessions.runs import Claim, RunService
from opm.server.realtime.bus import WAKE_PUMP
from opm.server.wiring import Ports

log = structlog.get_logger(__name__)

_INTERVAL = 2.0


class Pump:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._owner = uuid4().hex
        self._drivers: dict[UUID, asyncio.Task[None]] = {}
        self._claims: dict[UUID, Claim] = {}
        self.taken_over = 0
        """How many runs were found without a living driver."""

    @property
    def driven(self) -> int:
        return len(self._drivers)

    async def recover(self) -> None:
        """SQLite has one controller: whatever held a lease before is dead, and its runs are taken over at once."""
        if self._ports.db.sqlite:
            async with self._ports.scope() as scope:
                await scope.runs.release_all()

    async def run(self) -> None:
        bell = Bell()
        stop = bell.hang(self._ports.bus, WAKE_PUMP)
        try:
            while True:
                await self._claim(RunService.take_over)
                await self._claim(RunService.let_in)
                await bell.wait(_INTERVAL)
        finally:
            stop()

    async def stop(self) -> None:
        tasks = list(self._drivers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def hand_over(self) -> None:
        """Stop, and let other controllers go on with the runs at once instead of when their leases are out."""
        claims = list(self._claims.values())
        await self.stop()
        with contextlib.suppress(Fault):
            async with self._ports.scope() as scope:
                await scope.runs.let_go(claims)

    async def _claim(self, take: Callable[[RunService, str], Awaitable[list[Claim]]]) -> None:
        asked_at = time.monotonic()
        async with self._ports.scope() as scope:
            claims = await take(scope.runs, self._owner)
        for claim in claims:
            self.taken_over += claim.lapsed
            before = self._drivers.get(claim.session_id)
            if before is not None:
                before.cancel()  # its lease ran out under it
            lease = Lease(str(claim.session_id), claim.fence, self._ports.settings.run.lease, asked_at)
            task = asyncio.create_task(Driver(self._ports, claim, lease).run(), name=f"run {claim.session_id}")
            self._drivers[claim.session_id], self._claims[claim.session_id] = task, claim
            task.add_done_callback(lambda done, key=claim.session_id: self._ended(key, done))

    def _ended(self, session_id: UUID, task: asyncio.Task[None]) -> None:
        if self._drivers.get(session_id) is task:
            del self._drivers[session_id], self._claims[session_id]
