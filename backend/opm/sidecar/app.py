"""The shell both guarded sidecars share: the guard in front, one form for errors, one word for health."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from opm.sidecar.errors import Refused, on_http_exception, on_refused, on_surprise
from opm.sidecar.guard import Guard
from opm.sidecar.settings import PodSettings

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any] | None]]

_BODY_SECONDS = 30.0
_LAST_WORDS_SECONDS = 3


def shell(settings: PodSettings, routes: Sequence[BaseRoute], lifespan: Lifespan, *more: Middleware) -> Starlette:
    """`more` stands behind the guard."""
    app = Starlette(
        routes=[Route("/health", health), *routes],
        middleware=[Middleware(Guard, settings=settings), *more],
        exception_handlers={
            Refused: on_refused,
            HTTPException: on_http_exception,
            Exception: on_surprise,
        },
        lifespan=lifespan,  # pyright: ignore[reportArgumentType] - Starlette's type wants a state, None is served too
    )
    app.router.redirect_slashes = False  # a pass is for one path; where it is not exact, there is nothing
    return app


async def health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, refused as soon as it is known to be too long, and given up when it does not come."""
    if not request.headers.get("content-length", "0").isdigit():
        raise Refused(400, "The Content-Length is not a number.")
    if int(request.headers.get("content-length", "0")) > limit:
        raise _too_long(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in _chunks(request):
                body += chunk
                if len(body) > limit:
                    raise _too_long(limit)
    except TimeoutError:
        raise Refused(408, "The body did not arrive in time.") from None
    return bytes(body)


async def gathered(request: Request, at_least: int) -> AsyncIterator[bytes]:
    """A body of any length in pieces of about the given size; given up when nothing comes for a while."""
    waiting = bytearray()
    chunks = _chunks(request)
    try:
        while True:
            async with asyncio.timeout(_BODY_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            waiting += chunk
            if len(waiting) >= at_least:
                piece, waiting = bytes(waiting), bytearray()
                yield piece
    except TimeoutError:
        raise Refused(408, "The body stopped coming; send it again.") from None
    if waiting:
        yield bytes(waiting)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise Refused(400, "The body ended early.") from None


def _too_long(limit: int) -> Refused:
    return Refused(413, f"The body is longer than {limit} bytes.", limit=limit)


def json_answer(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")


class Server(uvicorn.Server):
    """Tells endless streams that the end has come, since uvicorn would only wait for them."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: Any = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)


def server(app: Starlette, host: str, port: int, closing: asyncio.Event | None = None) -> Server:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_WORDS_SECONDS,
    )
    return Server(config, closing or asyncio.Event())
