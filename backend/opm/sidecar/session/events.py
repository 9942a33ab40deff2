"""OpenCode's event stream, made fit for a controller.

Unwrapped to ``{"type", "properties"}``, without duplicates and noise, of one workspace or one session with its
descendants. The first frame, ``stream.connected``, means: nothing that happens from now on is missed. The stream
ends when OpenCode's does; there is no replay, so a reader that comes back reads the messages anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

import aiohttp
import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opm.sidecar.errors import Refused
from opm.sidecar.session.slim import Slimmer
from opm.sidecar.session.upstream import OpenCode, unavailable
from opm.wire.json import without_lone_halves

NOISE = frozenset(
    {
        "catalog.updated",
        "integration.updated",
        "plugin.added",
        "reference.updated",
        "server.connected",
        "server.heartbeat",
        "sync",  # the same events once more, numbered
    }
)
LARGEST_BACKLOG = 8 << 20
_LARGEST_FRAME = LARGEST_BACKLOG
_HEARTBEAT_SECONDS = 10.0
_GREETING_SECONDS = 5.0
_DEEPEST_FAMILY = 8
_LARGEST_FAMILY = 1_000

_CONNECTED = b'data: {"type":"stream.connected","properties":{}}\n\n'
_HEARTBEAT = b": heartbeat\n\n"


class _Payload(msgspec.Struct):
    type: str
    properties: msgspec.Raw = msgspec.Raw(b"{}")


class _Frame(msgspec.Struct):
    payload: _Payload
    directory: str | None = None


class _Info(msgspec.Struct):
    id: str = ""
    parent: str = msgspec.field(name="parentID", default="")


class _Belonging(msgspec.Struct):
    session: str = msgspec.field(name="sessionID", default="")
    info: _Info | None = None


class _Child(msgspec.Struct):
    id: str


class Family:
    """A session and its descendants. `knows` learns a child from the event that announces it."""

    def __init__(self, root: str) -> None:
        self._members = {root}

    def add(self, session: str) -> bool:
        """False: it is known already, or the family is too large to be true."""
        if session in self._members or len(self._members) >= _LARGEST_FAMILY:
            return False
        self._members.add(session)
        return True

    def knows(self, event: str, properties: msgspec.Raw) -> bool:
        try:
            whose = msgspec.json.decode(properties, type=_Belonging)
        except msgspec.DecodeError:
            return False
        if event == "session.created" and whose.info and whose.info.parent in self._members:
            self.add(whose.info.id)
        return (whose.session or (whose.info.id if whose.info else "")) in self._members


class Filter:
    def __init__(self, workspace: str, family: Family | None = None) -> None:
        self._places = frozenset({None, "", "global", workspace})
        self._family = family

    def frame(self, data: bytes) -> bytes | None:
        """The frame to send for the upstream frame's data, or None if it is not for this reader."""
        try:
            found = msgspec.json.decode(without_lone_halves(data), type=_Frame)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        event, properties = found.payload.type, found.payload.properties
        if event in NOISE or found.directory not in self._places:
            return None
        if self._family is not None and not self._family.knows(event, properties):
            return None
        return b'data: {"type":%b,"properties":%b}\n\n' % (msgspec.json.encode(event), bytes(properties))


async def frames(content: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    """The data of server-sent frames, as many at a time as have arrived."""
    rest, slimmer = b"", Slimmer()
    async for chunk in content.iter_any():
        *whole, rest = (rest + slimmer.feed(chunk)).split(b"\n\n")
        if len(rest) > _LARGEST_FRAME:
            raise aiohttp.ClientPayloadError("one event is larger than 8 MiB")
        batch = [frame[5:].strip() for frame in whole if frame.startswith(b"data:")]
        if batch:
            yield batch


class Backlog:
    """What has been read and not yet sent, up to a limit in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._size = 0
        self._some = asyncio.Event()
        self.overflowed = False
        self.ended = False

    def put(self, frame: bytes) -> bool:
        self._size += len(frame)
        if self._size > self._limit:
            self.overflowed = True
            return False
        self._pending.append(frame)
        self._some.set()
        return True

    def end(self) -> None:
        self.ended = True
        self._some.set()

    async def take(self, patience: float) -> bytes:
        """All that is pending in one piece; empty when the stream has ended; a heartbeat when nothing came."""
        try:
            async with asyncio.timeout(patience):
                await self._some.wait()
        except TimeoutError:
            return _HEARTBEAT
        taken = b"".join(self._pending)
        self._pending.clear()
        self._size = 0
        if not self.ended:
            self._some.clear()
        return taken


class EventStream(Response):
    """Reads OpenCode as fast as it speaks; a reader that cannot follow is cut off, never waited for."""

    media_type = "text/event-stream"

    def __init__(self, upstream: aiohttp.ClientResponse, chosen: Filter, closing: asyncio.Event, limit: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["Cache-Control"] = "no-store, no-transform"
        self._upstream = upstream
        self._frames = frames(upstream.content)
        self._chosen = chosen
        self._closing = closing
        self._backlog = Backlog(limit)

    @classmethod
    async def open(
        cls,
        opencode: OpenCode,
        workspace: str,
        closing: asyncio.Event,
        *,
        root: str | None = None,
        limit: int = LARGEST_BACKLOG,
    ) -> Self:
        upstream = await opencode.events()
        try:
            family = None if root is None else Family(root)
            stream = cls(upstream, Filter(workspace, family), closing, limit)
            await stream._greeting()
            if root is not None and family is not None:
                await _learn(opencode, family, root)
        except BaseException:
            upstream.close()
            raise
        return stream

    async def _greeting(self) -> None:
        """OpenCode's first frame shows that the subscription stands; only then may ours be said."""
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                first = await anext(self._frames)
        except (TimeoutError, StopAsyncIteration, aiohttp.ClientError, ConnectionError) as exc:
            raise unavailable(exc) from exc
        self._backlog.put(_CONNECTED)
        self._sort(first)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._pull()),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._closing.wait()),
        ]
        sender = asyncio.create_task(self._push(send))
        tasks[0].add_done_callback(lambda _: sender.cancel() if self._backlog.overflowed else self._backlog.end())
        tasks[1].add_done_callback(lambda _: sender.cancel())
        tasks[2].add_done_callback(lambda _: self._backlog.end())
        try:
            await asyncio.wait({sender})
        finally:
            self._upstream.close()
            for task in (*tasks, sender):
                task.cancel()
            ended = await asyncio.gather(*tasks, sender, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def _pull(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            async for batch in self._frames:
                if not self._sort(batch):
                    return

    def _sort(self, batch: list[bytes]) -> bool:
        wanted = (frame for data in batch if (frame := self._chosen.frame(data)) is not None)
        return all(self._backlog.put(frame) for frame in wanted)

    async def _push(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while True:
            piece = await self._backlog.take(_HEARTBEAT_SECONDS)
            await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})
            if not piece:
                return


async def _gone(receive: Receive) -> None:
    message: Mapping[str, Any] = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def _learn(opencode: OpenCode, family: Family, root: str) -> None:
    """Children born before the stream opened; those born later announce themselves on it."""
    generation = [root]
    for _ in range(_DEEPEST_FAMILY):
        younger: list[str] = []
        for session in generation:
            found = await opencode.call("GET", f"/session/{session}/children")
            try:
                younger += [child.id for child in msgspec.json.decode(found.body, type=list[_Child])]
            except msgspec.DecodeError as exc:
                raise Refused(502, "OpenCode's list of child sessions cannot be understood.") from exc
        generation = [session for session in younger if family.add(session)]
