"""Ends streams and sockets whose sign-in has ended: they outlive the check they were opened with.

One question for all of them every other second, and at once when a sign-in ends in this process.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Generator
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from opm.server.api.signins import SignIns
from opm.server.core.actor import Actor
from opm.server.core.errors import OpmError

log = structlog.get_logger(__name__)

SECONDS = 2.0


class Vigil:
    def __init__(self, sign_ins: SignIns, seconds: float = SECONDS) -> None:
        self._sign_ins = sign_ins
        self._seconds = seconds
        self._watched: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, connection: HTTPConnection) -> "Vigil":
        """The one of this application."""
        state = connection.app.state
        if not hasattr(state, "vigil"):
            state.vigil = cls(SignIns.of(connection))
        return state.vigil

    @contextlib.contextmanager
    def over(self, actor: Actor, on_end: Callable[[], object] = lambda: None) -> Generator[asyncio.Event]:
        """The event is set, and `on_end` called, when the actor's sign-in has ended."""
        ended = _Told(on_end)
        if actor.auth_session is None:
            ended.set()
            yield ended
            return
        self._watched[actor.auth_session].add(ended)
        if self._task is None:
            self._task = asyncio.create_task(self._watch())
        try:
            yield ended
        finally:
            watchers = self._watched[actor.auth_session]
            watchers.discard(ended)
            if not watchers:
                del self._watched[actor.auth_session]

    async def end(self) -> None:
        """Looks no more; one that is under way has given back its connection afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _watch(self) -> None:
        try:
            while self._watched:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await self._sign_ins.ended.wait()
                self._sign_ins.ended.clear()
                await self._look()
        finally:
            self._task = None

    async def _look(self) -> None:
        asked = list(self._watched)
        try:
            living = await self._sign_ins.living(asked)
        except OpmError as fault:
            log.warning("sign-ins of open streams could not be looked at", error=fault.message)
            return
        for family in asked:
            if family not in living:
                for ended in list(self._watched.get(family, ())):
                    ended.set()


async def end_vigil(app: FastAPI) -> None:
    if hasattr(app.state, "vigil"):
        await app.state.vigil.end()


async def get_vigil(connection: HTTPConnection) -> Vigil:
    return Vigil.of(connection)


VigilDep = Annotated[Vigil, Depends(get_vigil)]


class _Told(asyncio.Event):
    def __init__(self, on_end: Callable[[], object]) -> None:
        super().__init__()
        self._on_end = on_end

    def set(self) -> None:
        if not self.is_set():
            super().set()
            self._on_end()
