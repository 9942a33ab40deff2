"""Connections as the server keeps them: how many at once, how long a head may take, how long a reader may not read.

uvicorn's own protocol waits for ever for a head that does not come, gathers one that does not end, and keeps what it
has for somebody who does not take it. These two classes add the ends of patience and nothing else.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from opm.server.api.doorkeeper import Doorkeeper
from opm.server.api.errors import RETRY_SECONDS
from opm.server.api.patience import Reader
from opm.server.core.errors import ErrorType
from opm.server.core.settings import Settings

LONGEST_HEAD = 64 << 10
"""Bytes that may come without completing anything: a head, a trailer, the size of a chunk. Well-formed heads above
16 KiB are refused later, with more ceremony."""
_MOST_PIPELINED = 16


def protocols(settings: Settings) -> dict[str, Any]:
    """What uvicorn is to be configured with."""
    keeper = Doorkeeper(settings.limits, proxied=settings.public_url is not None)
    return {
        "http": functools.partial(BoundedHttp, keeper),
        "ws": functools.partial(BoundedSocket, keeper),
    }


class BoundedHttp(HttpToolsProtocol):
    def __init__(self, keeper: Doorkeeper, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._keeper = keeper
        self._reader = Reader(keeper.limits.reader_timeout)
        self._leave: Callable[[], None] | None = None
        self._head: asyncio.TimerHandle | None = None
        self._steps = 0
        self._idle_bytes = 0
        self._upgraded = False

    # --- from the transport ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._leave = self._keeper.enter(self.client[0] if self.client else "")
        if self._leave is None:
            self._turn_away(503, "The server has as many connections as it takes; try again in a moment.")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        self._reader.rest()
        if self._leave is not None:
            self._leave()
            self._leave = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        steps = self._steps
        super().data_received(data)
        if self._upgraded or self.transport.is_closing():
            return
        self._idle_bytes = 0 if self._steps != steps else self._idle_bytes + len(data)
        if self._idle_bytes > LONGEST_HEAD:
            self._turn_away(431, f"The head of a request has at most {LONGEST_HEAD} bytes.")
        elif self._head is None and not self._at_work:
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader.watch(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reader.rest()

    def handle_websocket_upgrade(self) -> None:
        self._upgraded = True
        self._head_is_here()
        super().handle_websocket_upgrade()
        heir = self.transport.get_protocol()
        if isinstance(heir, BoundedSocket):
            heir.leave, self._leave = self._leave, None

    # --- from the parser -------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        self._steps += 1
        self._head_is_here()
        super().on_headers_complete()
        if len(self.pipeline) > _MOST_PIPELINED:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._steps += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._steps += 1
        super().on_message_complete()

    # --- inside ----------------------------------------------------------------------------------------------

    @property
    def _at_work(self) -> bool:
        cycle = cast("Any", self.cycle)  # None before the first request, whatever its annotation says
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self._keeper.limits.header_timeout, self._head_is_late)

    def _head_is_here(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _head_is_late(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self._turn_away(408, "The head of the request did not arrive in time.")

    def _turn_away(self, status: int, message: str) -> None:
        """In the form of all errors, written by hand: there is no request to answer."""
        if self._at_work:
            self.transport.abort()
            return
        kind = ErrorType.SERVICE_UNAVAILABLE if status == 503 else ErrorType.VALIDATION_ERROR
        told: dict[str, Any] = {"type": kind, "message": message, "status": status, "details": {}}
        body = orjson.dumps({"error": told | {"request_id": uuid4().hex}})
        again = b"retry-after: %d\r\n" % RETRY_SECONDS if status == 503 else b""
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + again + b"\r\n" + body)
        self.transport.close()


class BoundedSocket(WebSocketsSansIOProtocol):
    """Frames are limited, and the other side is pinged, by uvicorn; what is added is the reader and the way out."""

    leave: Callable[[], None] | None = None

    def __init__(self, keeper: Doorkeeper, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._reader = Reader(keeper.limits.reader_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reader.rest()
        if self.leave is not None:
            self.leave()
            self.leave = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader.watch(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reader.rest()
