"""`ETag` and `If-None-Match` for JSON that is read: who has it already is not sent it again.

The tag is weak and made from the bytes, so it is right for every list without anyone keeping it right. An answer
that bears a tag of its own, a file's or a card's version, is left alone.
"""

import hashlib

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = (b"content-type", b"content-length", b"content-encoding")


class Conditional:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        shown = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        await self.app(scope, receive, _Sender(send, shown.decode("latin-1")))


class _Sender:
    """Holds the head back until the first piece of the body shows whether it is the only one."""

    def __init__(self, send: Send, shown: str) -> None:
        self.send = send
        self.shown = shown
        self.head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_untagged_json(message):
            self.head = message
            return
        if self.head is not None:
            head, self.head = self.head, None
            if not message.get("more_body", False):
                message = self._tag(head, message)
            await self.send(head)
        await self.send(message)

    def _tag(self, head: Message, message: Message) -> Message:
        tag = f'W/"{hashlib.blake2b(message.get("body", b""), digest_size=12).hexdigest()}"'
        headers = MutableHeaders(scope=head)
        headers["ETag"] = tag
        if tag.removeprefix("W/") not in {known.strip().removeprefix("W/") for known in self.shown.split(",")}:
            return message
        head["status"] = 304
        head["headers"] = [pair for pair in head["headers"] if pair[0] not in _KEPT]
        return {**message, "body": b""}


def _is_untagged_json(message: Message) -> bool:
    headers = dict(message.get("headers", ()))
    is_json = headers.get(b"content-type", b"").startswith(b"application/json")
    return message["status"] == 200 and is_json and b"etag" not in headers
