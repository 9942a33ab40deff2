"""One controller of several runs the loops that only one may run: it holds a lease, and they end before that does.

Whoever writes or acts in such a loop shows it: rows are written with the lease's number checked in the same
transaction, and nothing is done to pods by a process whose lease has run out while it was paused.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from uuid import uuid4

import structlog

from opm.server.background.lease import Lease
from opm.server.background.supervisor import Supervisor
from opm.server.core.errors import Conflict, Fault
from opm.server.core.jitter import jittered
from opm.server.features.sessions.runs import Fenced
from opm.server.wiring import Ports, Scope

log = structlog.get_logger(__name__)

NAME = "loops"
_LOOK = 2.0
_AGAIN = 0.3


class Lead:
    """What a loop acts by. Without a lease there is one controller, which may always."""

    def __init__(self, ports: Ports, lease: Lease | None = None) -> None:
        self._ports = ports
        self._lease = lease

    def require(self) -> None:
        """Raises `Fenced` when this is not ours to do any more."""
        if self._lease is not None:
            self._lease.hold()

    @contextlib.asynccontextmanager
    async def scope(self) -> AsyncGenerator[Scope]:
        """A unit of work that is refused when another controller leads."""
        self.require()
        async with self._ports.scope() as scope:
            if self._lease is not None:
                try:
                    await scope.leases.require(NAME, self._lease.fence.number)
                except Conflict as exc:
                    raise Fenced(exc.message) from exc
            yield scope


Loop = Callable[[Lead], Awaitable[None]]


class Leadership:
    def __init__(self, ports: Ports, loops: Mapping[str, Loop]) -> None:
        self._ports = ports
        self._loops = loops
        self._owner = uuid4().hex
        self._seconds = ports.settings.run.lease
        self._lease: Lease | None = None
        self._leads = False
        self._warned = ports.settings.redis.url is not None

    @property
    def leads(self) -> bool:
        """By the lease's own clock: not what was so before this process stood still."""
        return self._leads and (self._lease is None or self._lease.left > 0)

    async def run(self) -> None:
        if self._ports.db.sqlite:
            await self._while_leading(asyncio.Event().wait(), Lead(self._ports))
        while True:
            asked_at = time.monotonic()
            async with self._ports.scope() as scope:
                number = await scope.leases.take(NAME, self._owner, self._seconds)
            if number is None:
                self._warn()
                await asyncio.sleep(jittered(_LOOK))
                continue
            self._lease = Lease(NAME, number, self._seconds, asked_at)
            log.info("this controller leads", number=number)
            await self._while_leading(self._keep(self._lease), Lead(self._ports, self._lease))
            log.warning("this controller leads no more", number=number)

    async def hand_over(self) -> None:
        """After `run` has ended: another one need not wait until the lease is out."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with contextlib.suppress(Conflict, Fault):
                async with self._ports.scope() as scope:
                    await scope.leases.extend(NAME, lease.fence.number, 0)

    async def _while_leading(self, until: Awaitable[object], lead: Lead) -> None:
        supervisor = Supervisor()
        try:
            for name, loop in self._loops.items():
                supervisor.start(name, lambda loop=loop: loop(lead))
            self._leads = True
            await until
        finally:
            self._leads = False
            await supervisor.stop()

    async def _keep(self, lease: Lease) -> None:
        """Returns when it could not be renewed as long as it lasted, or another has it."""
        pause = self._seconds / 3
        while lease.left > 0:
            await asyncio.sleep(pause)
            pause = self._seconds / 3 if await self._renewed(lease) else _AGAIN

    async def _renewed(self, lease: Lease) -> bool:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(lease.left), self._ports.scope() as scope:
                await scope.leases.extend(NAME, lease.fence.number, self._seconds)
        except (Fault, TimeoutError):
            return False
        except Conflict:
            lease.end()
            return True
        lease.extend(asked_at)
        return True

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            log.warning("another controller leads, and without OPM_REDIS__URL nothing is heard of what it does")
