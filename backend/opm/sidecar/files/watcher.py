"""One watch of the workspace for all who want to know, from the first of them to the last."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.burst import Burst
from opm.sidecar.files.watching import Watching
from opm.wire.sse import HEARTBEAT

MOST_READERS = 16
_HEARTBEAT_SECONDS = 10.0


class Reader:
    """What is still to be said to one of them: never more than one burst, however slowly it reads."""

    def __init__(self) -> None:
        self._ready = False
        self._limited: str | None = None
        self._burst = Burst()
        self._some = asyncio.Event()

    def put(self, news: Burst | str | None) -> None:
        if news is None:
            self._ready = True
        elif isinstance(news, str):
            self._limited = news
        else:
            news.pour_into(self._burst)
        self._some.set()

    async def take(self, patience: float = _HEARTBEAT_SECONDS) -> bytes:
        """Frames of all there is; a heartbeat when nothing came for so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._some.wait()
        except TimeoutError:
            return HEARTBEAT
        self._some.clear()
        frames = [_frame("ready")] if self._ready else []
        if self._limited:
            frames.append(_frame("limited", message=self._limited))
        if self._burst:
            frames.append(_frame("changes", items=self._burst.items()))
        self._ready, self._limited, self._burst = False, None, Burst()
        return b"".join(frames)


class Watcher:
    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath
        self._readers: set[Reader] = set()
        self._watching: Watching | None = None
        self._ready = False
        self._limited: str | None = None
        self._ending: set[asyncio.Future[None]] = set()

    @property
    def at_work(self) -> bool:
        return self._watching is not None

    async def close(self) -> None:
        self._stop()
        await asyncio.gather(*self._ending)

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[Reader]:
        self.require_room()
        reader = Reader()
        self._readers.add(reader)
        if self._watching is None:
            self._start()
        if self._ready:
            reader.put(None)
        if self._limited:
            reader.put(self._limited)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._stop()

    def require_room(self) -> None:
        if len(self._readers) >= MOST_READERS:
            raise Refused(503, f"{MOST_READERS} watch this workspace already.", reason="busy")

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        mine: list[Watching] = []

        def tell(news: Burst | str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: self._spread(mine, news))

        self._watching = Watching(self._beneath, tell)
        mine.append(self._watching)

    def _spread(self, source: list[Watching], news: Burst | str | None) -> None:
        if source != [self._watching]:
            return  # the last words of one that was stopped
        if news is None:
            self._ready = True
        elif isinstance(news, str):
            self._limited = news
        for reader in self._readers:
            reader.put(news)

    def _stop(self) -> None:
        watching, self._watching = self._watching, None
        self._ready, self._limited = False, None
        if watching is not None:
            watching.stop()
            ended = asyncio.get_running_loop().run_in_executor(None, watching.join)
            self._ending.add(ended)
            ended.add_done_callback(self._ending.discard)


class ChangeStream(Response):
    """Server-sent `opm.wire.files.WatchEvent`; ends with its reader or with the sidecar."""

    media_type = "text/event-stream"

    def __init__(self, watcher: Watcher, closing: asyncio.Event) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["Cache-Control"] = "no-store, no-transform"
        self._watcher = watcher
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._watcher.reader() as reader:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            parts = [
                asyncio.create_task(_push(reader, send)),
                asyncio.create_task(_gone(receive)),
                asyncio.create_task(_ended(self._closing)),
            ]
            try:
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _push(reader: Reader, send: Send) -> None:
    while True:
        await send({"type": "http.response.body", "body": await reader.take(), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(closing: asyncio.Event) -> None:
    await closing.wait()


def _frame(kind: str, **more: Any) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode({"type": kind, **more})
