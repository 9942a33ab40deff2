"""Fills workspaces with the repositories that are wished for. Whatever broke it off, a clone begins anew."""

import asyncio
import contextlib
from collections import Counter
from contextlib import aclosing
from uuid import UUID

import structlog

from opm.server.background.leadership import Lead
from opm.server.background.pump import pod
from opm.server.background.supervisor import Bell
from opm.server.clients.base import PodAddress
from opm.server.core.errors import Conflict, Fault, Refusal
from opm.server.features.sessions.runs import Fenced
from opm.server.features.workspaces.schemas import Clone
from opm.server.realtime.bus import WAKE_RECONCILE
from opm.server.runtime.base import PodSpec
from opm.server.wiring import Ports
from opm.wire.events import WorkspaceChanged
from opm.wire.workspace import CloneOrder, CloneProgress

log = structlog.get_logger(__name__)

_INTERVAL = 5.0
_ATTEMPTS = 3
_TELL_EVERY = 0.3


class Cloning:
    def __init__(self, ports: Ports, lead: Lead | None = None) -> None:
        self._ports = ports
        self._lead = lead or Lead(ports)
        self._busy: dict[UUID, asyncio.Task[None]] = {}
        self._broken: Counter[UUID] = Counter()

    async def run(self) -> None:
        bell = Bell()
        stop = bell.hang(self._ports.bus, WAKE_RECONCILE)
        try:
            while True:
                await self.once()
                await bell.wait(_INTERVAL)
        finally:
            stop()
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def once(self) -> None:
        async with self._ports.scope(write=False) as scope:
            wanted = await scope.clones.wanted()
        for project_id in wanted:
            if project_id not in self._busy:
                task = asyncio.create_task(self._fill(project_id))
                self._busy[project_id] = task
                task.add_done_callback(lambda _, key=project_id: self._busy.pop(key, None))

    async def _fill(self, project_id: UUID) -> None:
        try:
            await self._step(project_id)
        except Fenced as exc:
            log.info("a clone is not ours any more", project=str(project_id), reason=exc.message)
        except Refusal as exc:
            if exc.details.get("reason") != "busy":  # another controller is at it
                await self._give_up(project_id, exc.message)
        except Fault as exc:
            await self._broke_off(project_id, exc.message)
        except Exception:
            log.exception("a clone failed", project=str(project_id))
            await self._give_up(project_id, "Something went wrong inside the server; its log says what.")

    async def _step(self, project_id: UUID) -> None:
        spec = await self._spec(project_id)
        if spec is None:
            return
        async with self._lead.scope() as scope:
            clone = await scope.clones.take_up(project_id)
        if clone is None:
            return
        # judged now and not when it was entered: a name may lead elsewhere since
        addresses = await self._ports.git_hosts.check(clone.url)
        limit = self._ports.settings.run.start_timeout
        seen = await pod.ready(self._ports.runtime, spec, limit, lambda _: None, self._lead.require)
        await self._clone(project_id, clone, addresses, pod.address(seen, spec))
        async with self._lead.scope() as scope:
            await scope.clones.done(project_id)
        self._broken.pop(project_id, None)
        log.info("a repository was cloned", project=str(project_id))

    async def _spec(self, project_id: UUID) -> PodSpec | None:
        """None as long as no model is chosen: without one there is no pod."""
        async with self._lead.scope() as scope:
            try:
                return await scope.workspaces.spec(project_id)
            except Conflict as exc:
                await scope.clones.hold(project_id, exc.message)
                return None

    async def _clone(self, project_id: UUID, clone: Clone, addresses: list[str], address: PodAddress) -> None:
        settings = self._ports.settings.git
        order = CloneOrder(
            url=clone.url,
            ref=clone.ref,
            depth=clone.depth,
            addresses=addresses,
            username=clone.username,
            token=clone.token,
            seconds=settings.clone_timeout,
            most_bytes=settings.clone_bytes,
        )
        told = 0.0
        async with aclosing(self._ports.clients.files(address).clone(order)) as steps:
            async for step in steps:
                now = asyncio.get_running_loop().time()
                if now - told >= _TELL_EVERY:
                    told = now
                    await self._tell(project_id, step)
        with contextlib.suppress(Fault):  # it will look when it is next started
            await self._ports.clients.agent(address).dispose()

    async def _tell(self, project_id: UUID, step: CloneProgress) -> None:
        event = WorkspaceChanged(
            project_id=project_id,
            timestamp=self._ports.clock.now(),
            state="cloning",
            phase=step.phase,
            percent=step.percent,
        )
        await self._ports.publish([event])

    async def _broke_off(self, project_id: UUID, reason: str) -> None:
        """The pod or the way to it, which may be well again in a moment."""
        self._broken[project_id] += 1
        log.warning("a clone broke off", project=str(project_id), reason=reason)
        if self._broken[project_id] >= _ATTEMPTS:
            await self._give_up(project_id, reason)
            return
        async with self._lead.scope() as scope:
            await scope.clones.hold(project_id, f"{reason} It begins anew by itself.")

    async def _give_up(self, project_id: UUID, reason: str) -> None:
        self._broken.pop(project_id, None)
        log.warning("a repository could not be cloned", project=str(project_id), reason=reason)
        async with self._lead.scope() as scope:
            await scope.clones.failed(project_id, reason)
