"""An upstream that answers what a test tells it to, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from opm.sidecar.session.app import create
from tests.sidecar.support import Client, client_of, served, settings

PASSWORD = "the password of this pod"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
CONNECTED = {"directory": None, "payload": {"type": "server.connected", "properties": {}}}


class Upstream:
    def __init__(self) -> None:
        self.answer: Response = JSONResponse({"fine": True})
        self.delay = 0.0
        self.asked: list[Request] = []
        self.bodies: list[bytes] = []
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.readers = 0

    def app(self) -> Starlette:
        events = Route("/global/event", self.stream)
        return Starlette(routes=[events, Route("/{path:path}", self.handle, methods=METHODS)])

    async def handle(self, request: Request) -> Response:
        self.asked.append(request)
        self.bodies.append(await request.body())
        await asyncio.sleep(self.delay)
        return self.answer

    async def stream(self, request: Request) -> Response:
        self.asked.append(request)
        return StreamingResponse(self._frames(), media_type="text/event-stream")

    async def _frames(self) -> AsyncIterator[bytes]:
        self.readers += 1
        try:
            yield frame(CONNECTED)
            while (data := await self.frames.get()) is not None:
                yield data
        finally:
            self.readers -= 1

    def emit(self, kind: str, directory: str | None, **properties: Any) -> None:
        payload = {"id": "evt_1", "type": kind, "properties": properties}
        self.frames.put_nowait(frame({"directory": directory, "project": "p", "payload": payload}))


def frame(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


@asynccontextmanager
async def session_before(upstream: Upstream, workspace: Path) -> AsyncGenerator[Client]:
    async with served(upstream.app()) as url:
        closing = asyncio.Event()
        values = settings("session", workspace, opencode_url=url, opencode_password=PASSWORD)
        async with client_of(create(values, closing), values, closing) as client:
            yield client
