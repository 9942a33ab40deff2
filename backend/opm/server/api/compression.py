"""Zstandard or gzip for JSON that is sent in one piece.

Streams and files pass as they are: waiting would cost more than bytes. Of two that a client likes equally, zstandard:
it is both faster and smaller. Gzip is that of the accelerated zlib at its lowest level: the default level of the
standard one costs ten times a handler.
"""

from collections.abc import Callable

import zstandard
from isal import igzip
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_IT = 1024
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 3


def accepts_gzip(header: str) -> bool:
    return _offers(header).get("gzip", 0) > 0


def preferred(header: str) -> str | None:
    """What to pack with, or None to send as it is."""
    offers = _offers(header)
    best = max(("zstd", "gzip"), key=lambda name: offers.get(name, 0))
    return best if offers.get(best, 0) > 0 else None


def _offers(header: str) -> dict[str, float]:
    """Encodings that were named, and how much each is liked; what cannot be read is not liked."""
    found: dict[str, float] = {}
    for offer in header.lower().split(","):
        name, _, parameters = offer.partition(";")
        _, _, weight = parameters.replace(" ", "").partition("q=")
        try:
            found[name.strip()] = float(weight or 1)
        except ValueError:
            found[name.strip()] = 0
    return found


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.zstd = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        encoding = preferred(offered.decode("latin-1"))
        if encoding is None:
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Sender(send, self.zstd.compress if encoding == "zstd" else _gzip, encoding))


class _Sender:
    """Holds the head back until the first piece of the body shows whether it is the only one."""

    def __init__(self, send: Send, pack: Callable[[bytes], bytes], encoding: str) -> None:
        self.send = send
        self.pack = pack
        self.encoding = encoding
        self.head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_plain_json(message):
            self.head = message
            return
        if self.head is not None:
            head, self.head = self.head, None
            message = self._pack(head, message)
            await self.send(head)
        await self.send(message)

    def _pack(self, head: Message, message: Message) -> Message:
        body: bytes = message.get("body", b"")
        headers = MutableHeaders(scope=head)
        headers.add_vary_header("Accept-Encoding")
        if len(body) < _WORTH_IT or message.get("more_body", False):
            return message
        packed = self.pack(body)
        headers["Content-Encoding"] = self.encoding
        headers["Content-Length"] = str(len(packed))
        return {**message, "body": packed}


def _gzip(body: bytes) -> bytes:
    return igzip.compress(body, _GZIP_LEVEL)  # pyright: ignore[reportUnknownMemberType]  its stub leaves `data` open


def _is_plain_json(message: Message) -> bool:
    headers = dict(message.get("headers", ()))
    return headers.get(b"content-type", b"").startswith(b"application/json") and b"content-encoding" not in headers
