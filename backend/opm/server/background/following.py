"""Follows what changes in the workspaces that somebody looks at; of the others nothing is asked."""

import asyncio
from contextlib import aclosing
from uuid import UUID

import structlog

from opm.server.background.supervisor import Bell
from opm.server.clients.base import PodAddress
from opm.server.core.errors import OpmError
from opm.server.realtime.bus import Message, project_topic
from opm.server.wiring import Ports, as_body
from opm.wire.events import FileChanged
from opm.wire.files import FileChange, WatchEvent

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 5.0
LINGER_SECONDS = 10.0
"""A reload leaves and comes back."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
NOT_RUNNING_SECONDS = 2.0
_ANYTHING = FileChange(path="", operation="modify", many=True)


class Following:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._followers: dict[UUID, asyncio.Task[None]] = {}
        self._looked_at: dict[UUID, float] = {}

    @property
    def followed(self) -> frozenset[UUID]:
        return frozenset(self._followers)

    async def run(self) -> None:
        bell = Bell()
        stop = self._ports.hub.on_looking(bell.ring)
        try:
            while True:
                self.once()
                await bell.wait(INTERVAL_SECONDS)
        finally:
            stop()
            for follower in self._followers.values():
                follower.cancel()
            await asyncio.gather(*self._followers.values(), return_exceptions=True)
            self._followers.clear()

    def once(self) -> None:
        now = asyncio.get_running_loop().time()
        for project_id in self._ports.hub.looked_at():
            self._looked_at[project_id] = now
            if project_id not in self._followers:
                self._followers[project_id] = asyncio.create_task(self._follow(project_id))
        for project_id, last in list(self._looked_at.items()):
            if now - last > LINGER_SECONDS:
                del self._looked_at[project_id]
                self._followers.pop(project_id).cancel()

    async def _follow(self, project_id: UUID) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                address = await self._address(project_id)
                if address is None:  # looking at a board starts no pod
                    await asyncio.sleep(NOT_RUNNING_SECONDS)
                    continue
                async with aclosing(self._ports.clients.files(address).watch()) as events:
                    async for event in events:
                        pause = _FIRST_PAUSE
                        self._tell(project_id, event)
            except OpmError as exc:
                log.info("a workspace is not followed", project=str(project_id), reason=exc.message)
            except Exception:
                log.exception("following a workspace failed", project=str(project_id))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _address(self, project_id: UUID) -> PodAddress | None:
        seen = await self._ports.runtime.observe(project_id)
        if seen.endpoint is None:
            return None
        async with self._ports.scope(write=False) as scope:
            key = scope.workspaces.pass_key(project_id)
        return PodAddress(project_id, seen.endpoint.files_url, seen.endpoint.session_url, key)

    def _tell(self, project_id: UUID, event: WatchEvent) -> None:
        """What happened before the watch stood is not known, so anything may have."""
        if event.type == "limited":
            log.warning("not all of a workspace is watched", project=str(project_id), reason=event.message)
        items = [_ANYTHING] if event.type == "ready" else event.items
        now = self._ports.clock.now()
        for item in items:
            told = FileChanged(project_id=project_id, timestamp=now, **item.model_dump())
            # every controller follows by itself what is looked at there
            self._ports.bus.post_here(Message(project_topic(project_id), as_body(told)))
