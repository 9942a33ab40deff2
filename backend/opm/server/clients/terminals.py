"""The terminals of a pod, through its session sidecar."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError

from opm.server.clients.base import TerminalLine
from opm.server.clients.http import Sidecar
from opm.server.core.errors import Unavailable
from opm.wire.terminals import ChangeTerminal, NewTerminal, Terminal

Shape = TypeVar("Shape")
_one = TypeAdapter(Terminal)
_many = TypeAdapter(list[Terminal])


class HttpTerminals:
    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def everyone(self) -> list[Terminal]:
        return _shape(_many, await self._sidecar.call("GET", "/pty"))

    async def create(self, new: NewTerminal) -> Terminal:
        return _shape(_one, await self._sidecar.call("POST", "/pty", body=new.model_dump()))

    async def change(self, ref: str, change: ChangeTerminal) -> Terminal:
        body = change.model_dump(exclude_none=True)
        return _shape(_one, await self._sidecar.call("PUT", f"/pty/{ref}", body=body))

    async def end(self, ref: str) -> None:
        await self._sidecar.call("DELETE", f"/pty/{ref}")

    @asynccontextmanager
    async def connect(self, ref: str, cursor: int) -> AsyncGenerator[TerminalLine]:
        path = f"/session/{ref}/pty/connect"
        async with self._sidecar.socket(path, {"cursor": str(cursor)}) as socket:
            yield _Line(socket)


class _Line:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes | str | None:
        message = await self._socket.receive()
        if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
            return message.data
        return None

    async def send(self, text: str, *, reply: bool = False) -> None:
        try:
            await (self._socket.send_bytes(text.encode(errors="replace")) if reply else self._socket.send_str(text))
        except (aiohttp.ClientError, ConnectionError) as exc:
            raise Unavailable("The terminal's connection to the pod broke off.", reason="broken_off") from exc


def _shape(kind: TypeAdapter[Shape], body: bytes) -> Shape:
    try:
        return kind.validate_json(body)
    except ValidationError as exc:
        raise Unavailable(
            "The pod says something that cannot be understood; its version may not fit.", reason="not_understood"
        ) from exc
