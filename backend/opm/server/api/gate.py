"""What is turned away before a handler runs: foreign names and pages, what is too large, what is of the wrong kind."""

import asyncio
import re

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opm.server.api.cookies import CookieNames
from opm.server.api.errors import error_response
from opm.server.api.origins import allowed_hosts, host_name, own_origins
from opm.server.api.strict import takes_files
from opm.server.core.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PROBES = frozenset({"/api/healthz", "/api/readyz"})
_UPLOAD = re.compile(r"/api/projects/[^/]+/files/content")
_FORMS = frozenset({"/api/auth/oidc/backchannel-logout"})
"""Where another server posts a form, as a standard has it; what counts there is a signature, never a cookie."""
_HEADER_BYTES = 16 * 2**10
_MOST_FIELDS = 100
_ONCE = frozenset({b"host", b"origin", b"cookie", b"sec-fetch-site", b"content-type", b"content-length"})
"""Said twice, one reader would believe the first and another the last."""
_FILE_OVERHEAD = 2
"""A file travels as a JSON string: base64 adds a third, escapes of quotes and line ends up to as much again."""

Headers = dict[bytes, bytes]


class Gate:
    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.hosts = allowed_hosts(settings)
        self.body_bytes = settings.limits.body_bytes
        self.file_bytes = settings.limits.file_bytes * _FILE_OVERHEAD + settings.limits.body_bytes
        names = CookieNames.of(settings)
        self.cookies = (names.access.encode() + b"=", names.refresh.encode() + b"=")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        refusal = self._wrong_host(scope, headers) or _wrong_head(scope)
        if kind == "websocket":
            if refusal is None:
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 4403})
            return
        if scope["method"] in _SAFE:
            limited = receive
        else:
            upload = scope["method"] == "PUT" and _UPLOAD.fullmatch(scope["path"]) is not None
            limit = self.file_bytes if takes_files(scope["path"]) else self.body_bytes
            refusal = refusal or self._foreign_page(scope, headers)
            refusal = refusal or (_wrong_upload(scope, headers) if upload else self._wrong_body(scope, headers, limit))
            arriving = _patient(receive, self.settings.limits.body_timeout)
            limited = arriving if upload else _counted(arriving, limit)
        if refusal is None:
            await self.app(scope, limited, send)
        else:
            await refusal(scope, receive, send)

    def _wrong_host(self, scope: Scope, headers: Headers) -> Response | None:
        """A name that is not ours, resolved to our address, would make its pages of our origin."""
        if scope["path"] in _PROBES or host_name(headers.get(b"host", b"").decode("latin-1")) in self.hosts:
            return None
        return error_response(
            scope, 421, "This server does not answer to that host name; add it to OPM_ALLOWED_HOSTS if it should."
        )

    def _foreign_page(self, scope: Scope, headers: Headers) -> Response | None:
        """A cookie is sent by the browser whoever asks; so the asking page must be shown to be ours."""
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if b"authorization" in headers or site in {b"same-origin", b"none"}:
            return None
        if origin is not None:
            ours = own_origins(self.settings, headers.get(b"host", b"").decode("latin-1"))
            refused = origin.decode("latin-1") not in ours
        else:
            cookie = headers.get(b"cookie", b"")
            refused = site is not None or any(name in cookie for name in self.cookies)
        return error_response(scope, 403, "This request came from a page of another origin.") if refused else None

    @staticmethod
    def _wrong_body(scope: Scope, headers: Headers, limit: int) -> Response | None:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            return error_response(scope, 400, "The Content-Length is not a number.")
        if int(length) > limit:
            return error_response(scope, 413, _too_large(limit), {"limit": limit})
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        form = scope["path"] in _FORMS and kind == b"application/x-www-form-urlencoded"
        if _has_body(headers) and not form and kind != b"application/json":
            return error_response(scope, 415, "Bodies have to be JSON (Content-Type: application/json).")
        return None


def _wrong_head(scope: Scope) -> Response | None:
    names = [name for name, _ in scope["headers"] if name in _ONCE]
    if len(names) != len(set(names)):
        return error_response(scope, 400, "A header that may come once came twice.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADER_BYTES:
        return error_response(scope, 431, f"The headers are too large; at most {_HEADER_BYTES} bytes are taken.")
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > _HEADER_BYTES:
        return error_response(scope, 414, f"The address is too long; at most {_HEADER_BYTES} bytes are taken.")
    if scope.get("query_string", b"").count(b"&") >= _MOST_FIELDS:
        return error_response(scope, 400, f"The query has too many fields; at most {_MOST_FIELDS} are taken.")
    if scope["path"].startswith("/api/") and b"%00" in scope.get("query_string", b""):
        return error_response(scope, 400, "A query cannot hold the character U+0000; leave it out.")
    return None


def _has_body(headers: Headers) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _wrong_upload(scope: Scope, headers: Headers) -> Response | None:
    """Any length, since it is never gathered here; but bytes that say so, which no form of a foreign page does."""
    if not _has_body(headers) or headers.get(b"content-type") == b"application/octet-stream":
        return None
    return error_response(scope, 415, "Files are sent as they are (Content-Type: application/octet-stream).")


def _patient(receive: Receive, seconds: float) -> Receive:
    """Until the body is whole; afterwards whoever listens waits for the other side to leave, which may take long."""
    whole = False

    async def hearing() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not go on arriving.", {"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        return message

    return hearing


def _counted(receive: Receive, limit: int) -> Receive:
    """For bodies that do not tell their length first, or not the truth."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return counting


def _too_large(limit: int) -> str:
    return f"The body is too large; at most {limit} bytes are taken here."
