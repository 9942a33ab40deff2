"""The output of one run by SSE: what stands in the database, then what comes, without a gap between them.

Listening begins before reading. A live message is passed on only if it continues the last row sent; anything else
(a reader that fell behind, a bus that lost something) is answered by reading the database again. No unit of work
is open while a frame is being sent.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from opm.server.api.vigil import Vigil
from opm.server.core.actor import Actor
from opm.server.core.errors import OpmError
from opm.server.realtime.bus import Message
from opm.server.wiring import Ports
from opm.wire import sse

log = structlog.get_logger(__name__)

_FEW_ROWS, _MANY_ROWS = 50, 500
_LARGE_BATCH = 256 << 10
"""Below this size the next batch may be twice as long; rows can be large, and readers slow."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between signs of life, and for which one send may be stuck."""

    heartbeat: float = 10
    stuck: float = 30


def output_stream(
    ports: Ports,
    vigil: Vigil,
    actor: Actor,
    session_id: UUID,
    after: str | None = None,
    pace: Pace | None = None,
    *,
    project_id: UUID | None = None,
) -> StreamingResponse:
    """Whether `actor` may see the run has been decided by the caller; `after` comes from the browser as it is."""
    return _LiveResponse(_OutputStream(ports, vigil, actor, session_id, after, pace or Pace(), project_id))


class _OutputStream:
    def __init__(
        self,
        ports: Ports,
        vigil: Vigil,
        actor: Actor,
        session_id: UUID,
        after: str | None,
        pace: Pace,
        project_id: UUID | None,
    ) -> None:
        self.ports = ports
        self._vigil = vigil
        self.project_id = project_id
        self.actor = actor
        self.pace = pace
        self._session_id = session_id
        self._after = after
        self._last = 0
        self._over = False

    async def frames(self) -> AsyncGenerator[bytes]:
        try:
            async with contextlib.aclosing(self._frames()) as frames:
                async for chunk in frames:
                    yield chunk
        except OpmError as error:
            # The answer has begun, so it can only end; the browser comes back with the last id it saw.
            log.warning("an output stream broke off", session_id=str(self._session_id), error=error.message)

    async def _frames(self) -> AsyncGenerator[bytes]:
        with (
            contextlib.closing(self.ports.hub.output(self._session_id)) as reader,
            self._vigil.over(self.actor, reader.close) as ended,
        ):
            yield sse.RETRY
            if not await self._resume():
                yield sse.RESET
            async for chunk in self._stored():
                if ended.is_set():
                    return
                yield chunk
            while not (self._over or reader.ended):
                messages = await reader.take(self.pace.heartbeat)
                chunk, behind = self._continue(messages)
                if chunk or not messages:
                    yield chunk or sse.HEARTBEAT
                if behind:
                    async for more in self._stored():
                        yield more
            if self._over:
                yield sse.END

    async def _resume(self) -> bool:
        """False if the place to go on from is none of this run."""
        if not self._after or self._after == "0":
            return True
        if not (self._after.isascii() and self._after.isdigit() and len(self._after) < 10):
            return False
        asked = int(self._after)
        rows = await self._rows(asked - 1, 1)
        if not rows or rows[0][0] != asked:
            return False
        self._last, self._over = asked, rows[0][1] == "completion"
        return True

    async def _stored(self) -> AsyncGenerator[bytes]:
        limit = _FEW_ROWS
        while not self._over:
            rows = await self._rows(self._last, limit)
            if not rows:
                return
            self._last, self._over = rows[-1][0], rows[-1][1] == "completion"
            chunk = b"".join(sse.frame(*row) for row in rows)
            yield chunk
            if len(rows) < limit:
                return
            limit = _FEW_ROWS if len(chunk) > _LARGE_BATCH else min(2 * limit, _MANY_ROWS)

    async def _rows(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        async with self.ports.scope(write=False) as scope:
            return await scope.output.rows(self._session_id, after, limit=limit)

    def _continue(self, messages: list[Message]) -> tuple[bytes, bool]:
        """The frames that follow on the last row, and whether the database knows more than these messages."""
        bodies: list[bytes] = []
        behind = False
        for message in messages:
            if message.body and message.last <= self._last:
                continue
            if not message.body or message.first != self._last + 1:
                behind = True
                break
            bodies.append(message.body)
            self.ports.metrics.stream_lag.observe(max(time.time() - message.at, 0))
            self._last, self._over = message.last, sse.completes(message.body)
        return b"".join(bodies), behind


class _LiveResponse(StreamingResponse):
    """Ends when the browser goes, and cuts off one that does not read."""

    def __init__(self, stream: _OutputStream) -> None:
        self._stream = stream
        self._frames = stream.frames()
        super().__init__(
            self._frames,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_or_give_up(message: AsgiMessage) -> None:
            async with asyncio.timeout(self._stream.pace.stuck):
                await send(message)

        stream = self._stream
        # nothing has been sent yet: a seat that is not to be had is still told as an error
        with stream.ports.hub.seat(stream.actor.user_id, stream.ports.settings.limits, stream.project_id):
            async with contextlib.aclosing(self._frames):
                streaming = asyncio.ensure_future(self.stream_response(send_or_give_up))
                leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
                try:
                    await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    streaming.cancel()
                    leaving.cancel()
                    outcome, _ = await asyncio.gather(streaming, leaving, return_exceptions=True)
        if isinstance(outcome, Exception) and not isinstance(outcome, TimeoutError | OSError):
            raise outcome
