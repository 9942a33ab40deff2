"""The one WebSocket of a browser: it subscribes to projects, and hears what happens on their boards."""

import asyncio
import contextlib
from dataclasses import dataclass

from fastapi import WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from opm.server.api.deps import SIGN_IN_AGAIN, PortsDep, authenticate_socket
from opm.server.api.routing import new_router
from opm.server.api.vigil import Vigil
from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound, OpmError, Unavailable
from opm.server.wiring import Ports
from opm.wire.events import Control, Subscribe, Unsubscribe, request_adapter

TOO_SLOW = 4408
_NOT_UNDERSTOOD, _TOO_BIG, _RESTARTING, _TRY_LATER = 1003, 1009, 1012, 1013
_LARGEST_REQUEST = 64 << 10
_MOST_PROJECTS = 500

router = new_router(tag="realtime")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between pings, and for which one send may be stuck."""

    ping: float = 15
    stuck: float = 30


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


@router.websocket("/ws")
async def live(websocket: WebSocket, ports: PortsDep) -> None:
    await serve_socket(websocket, ports, Pace())


async def serve_socket(websocket: WebSocket, ports: Ports, pace: Pace) -> None:
    actor = await authenticate_socket(websocket, ports)
    if actor is None:
        return
    await websocket.accept()
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(ports.hub.seat(actor.user_id, ports.settings.limits))
        except Unavailable as refused:
            await websocket.close(_TRY_LATER, refused.message)
            return
        ended = held.enter_context(Vigil.of(websocket).over(actor))
        await held.enter_context(contextlib.closing(_Socket(websocket, ports, actor, pace))).run(ended)


class _Socket:
    def __init__(self, websocket: WebSocket, ports: Ports, actor: Actor, pace: Pace) -> None:
        self._websocket = websocket
        self._ports = ports
        self._actor = actor
        self._pace = pace
        self._followed: set[str] = set()
        self._reader = ports.hub.board()

    def close(self) -> None:
        self._reader.close()

    async def run(self, ended: asyncio.Event) -> None:
        """Until the first of the four has a reason to end."""
        self._say(Control(type="welcome", server=self._ports.hub.epoch))
        parts = (self._listen(), self._speak(), self._ping(), _shut_out(ended))
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, _Close):
                await self._hang_up(outcome)
                return
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
                raise outcome

    async def _listen(self) -> _Close | None:
        """Serve requests in their order; None when the browser has gone."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            text = message.get("text")
            if text is None:
                return _Close(_NOT_UNDERSTOOD, "only text is understood here")
            if len(text) > _LARGEST_REQUEST:
                return _Close(_TOO_BIG, "a request has at most 64 KiB")
            try:
                request = request_adapter.validate_json(text)
            except ValidationError:
                return _Close(_NOT_UNDERSTOOD, "this is not a request that is known here")
            try:
                await self._serve(request)
            except OpmError as error:
                return _Close(_TRY_LATER, error.message[:100])

    async def _serve(self, request: Subscribe | Unsubscribe) -> None:
        ref = str(request.project_id)
        if isinstance(request, Unsubscribe):
            self._followed.discard(ref)
            self._ports.hub.unfollow(self._reader, request.project_id)
            return
        if not await self._may_follow(ref):
            self._say(Control(type="refused", project_id=request.project_id))
            return
        self._followed.add(ref)
        self._ports.hub.follow(self._reader, request.project_id, request.after)

    async def _may_follow(self, ref: str) -> bool:
        if ref not in self._followed and len(self._followed) >= _MOST_PROJECTS:
            return False
        try:
            async with self._ports.scope(write=False) as scope:
                await scope.projects.require(self._actor, ref)
        except NotFound:
            return False
        return True

    async def _speak(self) -> _Close:
        """The only one who sends, so that the order of the reader is the order on the wire."""
        try:
            while True:
                for text in await self._reader.take(self._pace.ping):
                    async with asyncio.timeout(self._pace.stuck):
                        await self._websocket.send({"type": "websocket.send", "text": text})
                if self._reader.dropped:
                    return _Close(TOO_SLOW, "resume")
                if self._reader.ended:
                    return _Close(_RESTARTING, "the server stops")
        except TimeoutError:
            return _Close(TOO_SLOW, "resume")

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._pace.ping)
            self._say(Control(type="ping"))

    def _say(self, control: Control) -> None:
        self._reader.put(control.model_dump_json(exclude_none=True))

    async def _hang_up(self, close: _Close) -> None:
        # A browser that does not read does not read this either; the connection is closed without it then.
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1):
                await self._websocket.close(close.code, close.reason)


async def _shut_out(ended: asyncio.Event) -> _Close:
    await ended.wait()
    return _Close(SIGN_IN_AGAIN, "sign in again")
