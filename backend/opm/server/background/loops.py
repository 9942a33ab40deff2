"""The loops of a controller, started and stopped together."""

import asyncio
from typing import Self

from opm.server.background.cloning import Cloning
from opm.server.background.following import Following
from opm.server.background.leadership import Lead, Leadership
from opm.server.background.pump.claims import Pump
from opm.server.background.reap import reap
from opm.server.background.reconcile import Reconciler
from opm.server.background.supervisor import Supervisor
from opm.server.background.terminals import notice_ends
from opm.server.wiring import Ports


class Background:
    """Runs are driven by every controller, each by its own leases, and workspaces followed where somebody looks at
    them; what is done for all is done by the one that leads."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._supervisor = Supervisor()
        self.pump = Pump(ports)
        self.leadership = Leadership(
            ports,
            {
                "watch": lambda lead: Reconciler(ports, lead).watch(),
                "reconcile": lambda lead: Reconciler(ports, lead).run(),
                "clone": lambda lead: Cloning(ports, lead).run(),
                "terminals": self._notice_ends,
                "reap": reap,
            },
        )

    async def __aenter__(self) -> Self:
        await self.pump.recover()
        self._supervisor.start("lead", self.leadership.run)
        self._supervisor.start("follow", Following(self._ports).run)
        self._supervisor.start("pump", self.pump.run)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Runs at work are left as they are, for the next controller to adopt."""
        await self._supervisor.stop()
        await asyncio.gather(self.leadership.hand_over(), self.pump.hand_over())

    async def _notice_ends(self, lead: Lead) -> None:
        await notice_ends(self._ports, lead)
