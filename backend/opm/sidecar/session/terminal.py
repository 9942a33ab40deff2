"""The terminal routes: shells by request, and the tunnel between a viewer and a shell.

OpenCode does not wait for a slow reader, it keeps all it has to say in memory. So it is always read here at once;
what a viewer cannot take in time is left out beyond 1 MiB, and the viewer is told how much.
"""

import asyncio
import contextlib
import re
from collections import deque
from typing import TypeVar

import aiohttp
import msgspec
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from opm.sidecar.app import read_body
from opm.sidecar.errors import Refused, answer
from opm.sidecar.session.shells import Shells
from opm.sidecar.session.upstream import OpenCode
from opm.wire.terminals import LARGEST_INPUT, ChangeTerminal, NewTerminal, TerminalControl

LARGEST_BACKLOG = 1 << 20
_FRAME = 32 << 10
_LARGEST_BODY = 4 << 10
_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_CURSOR = re.compile(r"-1|0|[1-9][0-9]{0,14}")
_TOO_BIG, _RESTARTING = 1009, 1012

Shape = TypeVar("Shape", bound=BaseModel)


def routes() -> list[BaseRoute]:
    return [
        Route("/pty", list_terminals, methods=["GET"]),
        Route("/pty", create_terminal, methods=["POST"]),
        Route("/pty/{id}", change_terminal, methods=["PUT"]),
        Route("/pty/{id}", end_terminal, methods=["DELETE"]),
        WebSocketRoute("/session/{id}/pty/connect", connect),
    ]


async def list_terminals(request: Request) -> Response:
    found = await _shells(request).everyone()
    return Response(msgspec.json.encode([one.model_dump() for one in found]), media_type="application/json")


async def create_terminal(request: Request) -> Response:
    made = await _shells(request).create(await _shape(request, NewTerminal))
    return Response(made.model_dump_json(), 201, media_type="application/json")


async def change_terminal(request: Request) -> Response:
    changed = await _shells(request).change(_ref(request.path_params["id"]), await _shape(request, ChangeTerminal))
    return Response(changed.model_dump_json(), media_type="application/json")


async def end_terminal(request: Request) -> Response:
    await _shells(request).end(_ref(request.path_params["id"]))
    return Response(status_code=204)


async def connect(websocket: WebSocket) -> None:
    opencode: OpenCode = websocket.state.opencode
    shells: Shells = websocket.state.shells
    try:
        ref, cursor = _asked(websocket)
        await shells.require(ref)
        upstream = await opencode.pty(ref, cursor)
    except Refused as refused:
        await websocket.send_denial_response(answer(refused))
        return
    try:
        with shells.watched(ref):
            await websocket.accept()
            await _Tunnel(websocket, upstream, websocket.state.closing).run()
    finally:
        await upstream.close()


class Backlog:
    """Output on its way to one viewer; the oldest is left out when it grows beyond its limit."""

    def __init__(self, limit: int = LARGEST_BACKLOG) -> None:
        self._limit = limit
        self._items: deque[tuple[bytes, int] | int] = deque()  # output and its units, or the cursor it has reached
        self._size = 0
        self._skipped = 0
        self._reached: int | None = None
        self._some = asyncio.Event()
        self.ended = False

    def put(self, text: str) -> None:
        data = text.encode(errors="replace")
        self._items.append((data, len(text.encode("utf-16-le", errors="surrogatepass")) // 2))
        self._size += len(data)
        while self._size > self._limit:
            self._leave_out()
        self._some.set()

    def replayed(self, cursor: int) -> None:
        self._items.append(cursor)
        self._some.set()

    def end(self) -> None:
        self.ended = True
        self._some.set()

    async def take(self) -> list[str | bytes]:
        """The next frames; none when all is said."""
        await self._some.wait()
        frames: list[str | bytes] = []
        if self._skipped:
            frames.append(_control(TerminalControl(type="skipped", units=self._skipped, cursor=self._reached)))
            self._skipped, self._reached = 0, None
        piece = bytearray()
        while self._items and len(piece) < _FRAME:
            item = self._items.popleft()
            if not isinstance(item, int):
                self._size -= len(item[0])
                piece += item[0]
                continue
            frames += [bytes(piece)] if piece else []
            frames.append(_control(TerminalControl(type="cursor", cursor=item)))
            piece = bytearray()
        frames += [bytes(piece)] if piece else []
        if not self._items and not self.ended:
            self._some.clear()
        return frames

    def _leave_out(self) -> None:
        """A cursor that is left out goes with the notice, moved on by what is left out after it."""
        item = self._items.popleft()
        if isinstance(item, int):
            self._reached = item
            return
        self._size -= len(item[0])
        self._skipped += item[1]
        if self._reached is not None:
            self._reached += item[1]


def _control(control: TerminalControl) -> str:
    return control.model_dump_json(exclude_none=True)


class _Tunnel:
    def __init__(self, viewer: WebSocket, shell: aiohttp.ClientWebSocketResponse, closing: asyncio.Event) -> None:
        self._viewer = viewer
        self._shell = shell
        self._closing = closing
        self._backlog = Backlog()
        self._gone = False

    async def run(self) -> None:
        """Until the shell has ended and all is said, or the viewer has gone, or the sidecar ends."""
        pull = asyncio.create_task(self._pull())
        tasks = [asyncio.create_task(part) for part in (self._push(), self._listen(), self._stop())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pull, *tasks):
                task.cancel()
            await asyncio.gather(pull, *tasks, return_exceptions=True)

    async def _pull(self) -> None:
        try:
            async for message in self._shell:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._backlog.put(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY and message.data[:1] == b"\0":
                    with contextlib.suppress(msgspec.DecodeError, KeyError):
                        self._backlog.replayed(
                            int(msgspec.json.decode(message.data[1:], type=dict[str, int])["cursor"])
                        )
        finally:
            self._gone = self._shell.close_code == 1000
            self._backlog.end()

    async def _push(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while frames := await self._backlog.take():
                for frame in frames:
                    await (self._viewer.send_text(frame) if isinstance(frame, str) else self._viewer.send_bytes(frame))
            if self._gone:
                await self._viewer.send_text(_control(TerminalControl(type="exit")))
            await self._viewer.close(1000 if self._gone else _RESTARTING)

    async def _listen(self) -> None:
        while True:
            message = await self._viewer.receive()
            if message["type"] == "websocket.disconnect":
                return
            data: str | bytes = message.get("text") or message.get("bytes") or ""
            if len(data) > LARGEST_INPUT:
                await self._viewer.close(_TOO_BIG, "at most 64 KiB at a time")
                return
            text = data if isinstance(data, str) else data.decode(errors="replace")
            try:
                await self._shell.send_str(text)
            except (ConnectionError, aiohttp.ClientError):
                continue  # the shell has ended; what it said last is still on its way

    async def _stop(self) -> None:
        await self._closing.wait()
        await self._viewer.close(_RESTARTING)


def _shells(request: Request) -> Shells:
    shells: Shells = request.state.shells
    return shells


def _ref(value: str) -> str:
    if not _ID.fullmatch(value):
        raise Refused(400, "The id in the path is not an identifier.")
    return value


def _asked(websocket: WebSocket) -> tuple[str, str]:
    given = websocket.query_params.multi_items()
    cursor = dict(given).get("cursor", "0")
    if len(given) > 1 or (given and given[0][0] != "cursor") or not _CURSOR.fullmatch(cursor):
        raise Refused(400, "The query allows one cursor, a whole number.")
    return _ref(websocket.path_params["id"]), cursor


async def _shape(request: Request, kind: type[Shape]) -> Shape:
    try:
        return kind.model_validate_json(await read_body(request, _LARGEST_BODY))
    except ValidationError as exc:
        names = sorted({".".join(str(part) for part in error["loc"])[:50] for error in exc.errors()})
        raise Refused(400, "The body does not describe a terminal.", fields=names) from None
