"""Gzip for JSON that is sent in one piece. Streams and files pass as they are: waiting would cost more than bytes.

The accelerated zlib at its lowest level: the default level of the standard one costs ten times a handler.
"""

from isal import igzip
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_IT = 1024
_LEVEL = 1


def accepts_gzip(header: str) -> bool:
    for offer in header.lower().split(","):
        name, _, parameters = offer.partition(";")
        if name.strip() == "gzip":
            return parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        if not accepts_gzip(offered.decode("latin-1")):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Sender(send))


class _Sender:
    """Holds the head back until the first piece of the body shows whether it is the only one."""

    def __init__(self, send: Send) -> None:
        self.send = send
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

    @staticmethod
    def _pack(head: Message, message: Message) -> Message:
        body: bytes = message.get("body", b"")
        headers = MutableHeaders(scope=head)
        headers.add_vary_header("Accept-Encoding")
        if len(body) < _WORTH_IT or message.get("more_body", False):
            return message
        packed = igzip.compress(body, _LEVEL)  # pyright: ignore[reportUnknownMemberType]  its stub leaves `data` open
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        return {**message, "body": packed}


def _is_plain_json(message: Message) -> bool:
    headers = dict(message.get("headers", ()))
    return headers.get(b"content-type", b"").startswith(b"application/json") and b"content-encoding" not in headers
