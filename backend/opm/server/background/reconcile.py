"""Makes pods what is wished of them, and writes down what is seen of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog

from opm.server.background.leadership import Lead
from opm.server.background.supervisor import Bell
from opm.server.core.errors import Fault, Refusal
from opm.server.features.workspaces.schemas import Wish
from opm.server.realtime.bus import WAKE_RECONCILE
from opm.server.runtime.base import PodPhase
from opm.server.wiring import Ports

log = structlog.get_logger(__name__)

_INTERVAL = 5.0
_SWEEP = 60.0


class Reconciler:
    def __init__(self, ports: Ports, lead: Lead | None = None) -> None:
        self._ports = ports
        self._lead = lead or Lead(ports)
        self._idle_stop = ports.settings.runtime.idle_stop
        self._busy: dict[UUID, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """What the runtime sees, into the rows."""
        async for seen in self._ports.runtime.watch():
            async with self._lead.scope() as scope:
                await scope.workspaces.observed(seen)

    async def run(self) -> None:
        bell = Bell()
        stop = bell.hang(self._ports.bus, WAKE_RECONCILE)
        swept = -_SWEEP
        try:
            while True:
                await self.once()
                if (now := asyncio.get_running_loop().time()) >= swept + _SWEEP:
                    swept = now
                    await self.sweep()
                await bell.wait(_INTERVAL)
        finally:
            stop()
            busy = list(self._busy.values())
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    async def once(self) -> None:
        """Compare all wishes with what is; no pod waits for another."""
        async with self._ports.scope(write=False) as scope:
            wishes = await scope.workspaces.wishes(self._idle_stop)
        for wish in wishes:
            self._begin(wish.project_id, lambda wish=wish: self._fulfil(wish))

    async def sweep(self) -> None:
        """What a crash, or a controller that slept, left behind of projects that are no more."""
        known = await self._ports.runtime.known()
        async with self._ports.scope(write=False) as scope:
            left = await scope.workspaces.leftovers(known)
        for project_id in left:
            log.warning("something was left of a deleted project", project=str(project_id))
            wish = Wish(project_id, "deleted", busy=False, idle=False, told=("unknown", None))
            self._begin(project_id, lambda wish=wish: self._fulfil(wish))

    def _begin(self, project_id: UUID, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if project_id not in self._busy:
            self._busy[project_id] = task = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._busy.pop(project_id, None))

    async def _fulfil(self, wish: Wish) -> None:
        try:
            await self._step(wish)
        except (Fault, Refusal) as exc:
            log.warning("a pod is not as wished", project=str(wish.project_id), wish=wish.desired, reason=exc.message)
        except Exception:
            log.exception("a wish failed", project=str(wish.project_id), wish=wish.desired)

    async def _step(self, wish: Wish) -> None:
        runtime = self._ports.runtime
        if wish.desired == "deleted":
            if wish.busy:
                return  # its run has been told to stop; a pod taken away under it might be started again by it
            self._lead.require()
            await runtime.remove(wish.project_id)
            async with self._lead.scope() as scope:
                await scope.workspaces.gone(wish.project_id)
            return
        seen = await runtime.observe(wish.project_id)
        there = seen.phase not in {PodPhase.ABSENT, PodPhase.STOPPING}
        resting = wish.desired == "running" and wish.idle and not wish.busy
        stopping = resting or (wish.desired == "stopped" and not wish.busy)
        may = False
        # of a thousand pods hardly one has changed since it was last looked at
        if resting or (stopping and there) or wish.told != (seen.phase, seen.reason):
            async with self._lead.scope() as scope:
                may = stopping and await scope.workspaces.rest(wish.project_id, self._idle_stop)
                await scope.workspaces.observed(seen)
        if wish.busy:
            return  # the run's driver sees to its pod
        if stopping:
            if may and there:
                self._lead.require()
                await runtime.stop(wish.project_id)
        elif seen.phase in {PodPhase.ABSENT, PodPhase.FAILED}:  # a pod that was taken over needs its spec to be mended
            async with self._ports.scope(write=False) as scope:
                spec = await scope.workspaces.spec(wish.project_id)
            self._lead.require()
            await runtime.ensure(spec)
