"""Many WebSockets of one process that count what they are told: as little work for each message as can be.

Frames are cut by hand, and servers are answered when they ask whether somebody is there.
"""

import asyncio
import base64
import os
import time
from urllib.parse import urlsplit

_TEXT, _PING, _PONG, _LENGTH_16, _MASKED = 0x81, 0x89, 0x8A, 126, 0x80
_OPENING_AT_ONCE = 50


class Audience:
    """`mark` stands once in every message that counts."""

    def __init__(self, mark: bytes) -> None:
        self.mark = mark
        self.heard = 0
        self.last = 0.0
        self._wanted = 0
        self._all = asyncio.Event()
        self._listeners: list[_Listener] = []

    async def join(self, url: str, count: int, token: str = "", said: bytes = b"") -> None:
        """`said` is sent by each as soon as it is connected."""
        for start in range(0, count, _OPENING_AT_ONCE):
            many = range(min(_OPENING_AT_ONCE, count - start))
            await asyncio.gather(*(self._open(url, token, said) for _ in many))

    async def _open(self, url: str, token: str, said: bytes) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        loop = asyncio.get_running_loop()
        _, listener = await loop.create_connection(
            lambda: _Listener(self, url, token, said), parts.hostname, parts.port
        )
        self._listeners.append(listener)
        async with asyncio.timeout(30):
            await listener.open

    def expect(self, messages: int) -> None:
        """From now on, by all of them together."""
        self.heard, self._wanted = 0, messages
        self._all.clear()

    async def everybody(self, seconds: float) -> float:
        """When the last of them had heard what was expected."""
        async with asyncio.timeout(seconds):
            await self._all.wait()
        return self.last

    def count(self, messages: int) -> None:
        self.heard += messages
        if self.heard >= self._wanted:
            self.last = time.perf_counter()
            self._all.set()

    def leave(self) -> None:
        for listener in self._listeners:
            listener.close()


class _Listener(asyncio.Protocol):
    def __init__(self, audience: Audience, url: str, token: str, said: bytes) -> None:
        self._audience = audience
        self._url = urlsplit(url)
        self._token = token
        self._said = said
        self._rest = b""
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET {self._url.path or '/'} HTTP/1.1\r\nHost: {self._url.netloc}\r\nUpgrade: websocket\r\n"
        head += f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        if self._token:
            head += f"Authorization: Bearer {self._token}\r\n"
        transport.write(f"{head}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if not self.open.done():
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            if self._said:
                assert len(self._said) < _LENGTH_16
                # a mask of zeros leaves what it masks as it is
                self._transport.write(bytes((_TEXT, _MASKED | len(self._said), 0, 0, 0, 0)) + self._said)
            self.open.set_result(None)
            data = data.partition(b"\r\n\r\n")[2]
        self._rest += data
        while (frame := self._cut()) is not None:
            kind, payload = frame
            if kind == _PING:
                self._transport.write(bytes((_PONG, _MASKED | len(payload), 0, 0, 0, 0)) + payload)
            elif self._audience.mark in payload:
                self._audience.count(1)

    def _cut(self) -> tuple[int, bytes] | None:
        """The next whole frame of what has come: its first byte, and what it holds."""
        rest = self._rest
        if len(rest) < 4:
            return None
        start, length = (4, int.from_bytes(rest[2:4])) if rest[1] == _LENGTH_16 else (2, rest[1])
        assert rest[1] <= _LENGTH_16, "longer than any that is measured"
        if len(rest) < start + length:
            return None
        self._rest = rest[start + length :]
        return rest[0], rest[start : start + length]

    def close(self) -> None:
        self._transport.abort()
