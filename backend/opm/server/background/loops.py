"""The loops of a controller, started and stopped together."""

from typing import Self

from opm.server.background.cloning import Cloning
from opm.server.background.following import Following
from opm.server.background.pump.claims import Pump
from opm.server.background.reap import reap
from opm.server.background.reconcile import Reconciler
from opm.server.background.supervisor import Supervisor
from opm.server.background.terminals import notice_ends
from opm.server.wiring import Ports


class Background:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._supervisor = Supervisor()
        self._pump = Pump(ports)

    async def __aenter__(self) -> Self:
        reconciler = Reconciler(self._ports)
        await self._pump.recover()
        self._supervisor.start("watch", reconciler.watch)
        self._supervisor.start("reconcile", reconciler.run)
        self._supervisor.start("clone", Cloning(self._ports).run)
        self._supervisor.start("follow", Following(self._ports).run)
        self._supervisor.start("pump", self._pump.run)
        self._supervisor.start("terminals", lambda: notice_ends(self._ports))
        self._supervisor.start("reap", lambda: reap(self._ports))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Runs at work are left as they are, for the next controller to adopt."""
        await self._supervisor.stop()
        await self._pump.stop()
