"""The line between one viewer and a shell."""

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect

from opm.sidecar.session.output import Reader
from opm.sidecar.session.shell import Shell
from opm.wire.terminals import LARGEST_INPUT

_TOO_BIG, _RESTARTING = 1009, 1012


class Tunnel:
    def __init__(self, viewer: WebSocket, shell: Shell, reader: Reader, closing: asyncio.Event) -> None:
        self._viewer = viewer
        self._shell = shell
        self._reader = reader
        self._closing = closing

    async def run(self) -> None:
        """Until the shell has ended and all is said, or the viewer has gone, or the sidecar ends."""
        tasks = [asyncio.create_task(part) for part in (self._push(), self._listen(), self._stop())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _push(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            async for frame in self._reader.frames():
                await (self._viewer.send_text(frame) if isinstance(frame, str) else self._viewer.send_bytes(frame))
            await self._viewer.close(1000)

    async def _listen(self) -> None:
        while True:
            message = await self._viewer.receive()
            if message["type"] == "websocket.disconnect":
                return
            data: str | bytes = message.get("text") or message.get("bytes") or ""
            if isinstance(data, str):
                self._shell.typed_by(self._reader)
            elif not self._shell.may_answer(self._reader):
                continue
            if len(data) > LARGEST_INPUT:
                await self._viewer.close(_TOO_BIG, "at most 64 KiB at a time")
                return
            if not self._shell.type(data if isinstance(data, str) else data.decode(errors="replace")):
                await self._viewer.close(_TOO_BIG, "the program in the terminal does not read what it is given")
                return

    async def _stop(self) -> None:
        await self._closing.wait()
        await self._viewer.close(_RESTARTING)
