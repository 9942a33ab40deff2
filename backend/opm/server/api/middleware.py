"""The chain around every request, outermost first: its name and log line, other origins, headers,
compression, validators, crashes, the gate.

Plain ASGI: a layer that wraps the request in objects of its own would cost more than the handlers do.
"""

import re
import time
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opm.server.api.compression import Compression
from opm.server.api.conditional import Conditional
from opm.server.api.errors import crashed
from opm.server.api.gate import Gate
from opm.server.core.settings import Settings

log = structlog.get_logger(__name__)

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_PREFIX = "/api"
"""What routers are included under; the route that was found does not say it."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WS"})
_QUIET = ("/api/healthz", "/api/readyz")

_MARKUP_POLICIES = (
    # our own: refuses everything but the addresses of built workers; fills the preview's frame without rights
    "default",
    "opm-frame",
    # the editor's, each at one place that escapes what it writes
    "defaultWorkerFactory",
    "diffEditorWidget",
    "diffReview",
    "domLineBreaksComputer",
    "dompurify",
    "editorGhostText",
    "editorViewLayer",
    "richScreenReaderContent",
    "standaloneColorizer",
    "stickyScrollViewLayer",
    "tokenizeToString",
)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # the editor, the terminal and the notes write styles into the page as they go: docs/guides/security-model.md
        "style-src 'self' 'unsafe-inline'",
        # the preview shows pictures as data
        "img-src 'self' data:",
        "font-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        f"trusted-types {' '.join(_MARKUP_POLICIES)}",
        "form-action 'self'",  # stays the last: the provider's origin follows, where the form goes that signs out there
    )
)

DATA_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For what the API answers: should a browser show it as a page after all, that page has no rights and no origin."""

_PAGES_OF_THE_API = frozenset({"/api/docs"})

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


class RequestLog:
    """Gives the request an id, puts it on every log line of the request and on the answer, and writes one line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        given = _header(scope, b"x-request-id")
        request_id = given.decode() if _SANE_ID.fullmatch(given) else uuid4().hex
        scope["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        status, streamed = 0, scope["type"] == "websocket"

        async def named(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                streamed = headers.get("content-type", "").startswith("text/event-stream")
                headers["x-request-id"] = request_id
                if scope["app"].state.draining:
                    headers["connection"] = "close"  # whoever keeps connections shall make the next one elsewhere
            await send(message)

        try:
            await self.app(scope, receive, named)
        finally:
            seconds = time.perf_counter() - began
            self._write(scope, status, seconds)
            self._count(scope, status, seconds, streamed=streamed)

    @staticmethod
    def _count(scope: Scope, status: int, seconds: float, *, streamed: bool) -> None:
        """By the template of the route: what stands in addresses is nobody's business, and has no end."""
        metrics = scope["app"].state.ports.metrics
        path = getattr(scope.get("route"), "path", None)
        route = f"{_PREFIX}{path}" if path and scope["path"].startswith(f"{_PREFIX}/") else path or "none"
        method = scope.get("method", "WS")
        method = method if method in _METHODS else "other"
        metrics.requests.labels(method, route, status).inc()
        if not streamed:
            metrics.request_seconds.labels(method, route).observe(seconds)

    @staticmethod
    def _write(scope: Scope, status: int, seconds: float) -> None:
        path: str = scope["path"]
        level = log.info if path.startswith("/api/") and path not in _QUIET else log.debug
        # without the query: it may say what is nobody's business
        level("request", method=scope.get("method", "WS"), path=path, status=status, ms=round(seconds * 1000, 1))


class SecurityHeaders:
    """On every answer; a handler that set one of them itself keeps it."""

    def __init__(self, app: ASGIApp, *, https: bool, issuer: str | None = None) -> None:
        self.app = app
        headers = _HEADERS | ({"strict-transport-security": "max-age=31536000"} if https else {})
        data = headers | {"content-security-policy": DATA_SECURITY_POLICY}
        if issuer is not None:
            headers["content-security-policy"] += f" {_origin(issuer)}"
        self.of_pages, self.of_data = _encoded(headers), _encoded(data)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        api = scope["path"].startswith("/api/")
        wanted = self.of_data if api and scope["path"] not in _PAGES_OF_THE_API else self.of_pages

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                present = {name for name, _ in headers}
                headers += [pair for pair in wanted if pair[0] not in present]
                if api and b"cache-control" not in present:
                    headers.append((b"cache-control", b"no-store"))
            await send(message)

        await self.app(scope, receive, guarded)


class Crashes:
    """What nobody expected: the log gets the trace, the caller the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("the request crashed")
            if started:
                raise  # half an answer is out: only cutting the connection can tell that it is not whole
            await crashed(scope)(scope, receive, send)


def install(app: FastAPI, settings: Settings) -> None:
    app.state.draining = False
    # the one added last is the outermost
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(Crashes)
    app.add_middleware(Conditional)
    app.add_middleware(Compression)
    https = (settings.public_url or "").startswith("https://")
    app.add_middleware(SecurityHeaders, https=https, issuer=settings.oidc.issuer)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "If-Range",
                "Last-Event-ID",
                "Range",
            ],
            expose_headers=["Content-Disposition", "ETag", "Idempotency-Replayed", "Retry-After", "X-Request-Id"],
            max_age=600,
        )
    app.add_middleware(RequestLog)
