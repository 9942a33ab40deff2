"""Many requests over a few connections that are kept: a client light enough not to be what is measured."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Target:
    """One request, to be repeated; `pid` serves it."""

    url: str
    pid: int
    token: str = ""

    def request(self) -> bytes:
        parts = urlsplit(self.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n"
        if self.token:
            head += f"Authorization: Bearer {self.token}\r\n"
        return f"{head}\r\n".encode()


async def fetch(target: Target) -> bytes:
    """The body of one answer."""
    reader, writer = await _connect(target)
    body = await _ask(reader, writer, target.request())
    writer.close()
    return body


async def swallow(target: Target) -> int:
    """Read one answer without keeping it; its length in bytes."""
    reader, writer = await _connect(target)
    writer.write(target.request())
    left = total = await _length(reader)
    while left:
        piece = await reader.read(min(left, 1 << 20))
        assert piece, "the answer ended early"
        left -= len(piece)
    writer.close()
    return total


async def repeat(target: Target, times: int, connections: int = 4) -> None:
    left = iter(range(times))
    request = target.request()

    async def work() -> None:
        reader, writer = await _connect(target)
        for _ in left:
            await _ask(reader, writer, request)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(target.url)
    assert parts.hostname
    assert parts.port
    return await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    return await reader.readexactly(await _length(reader))


async def _length(reader: asyncio.StreamReader) -> int:
    """Of the body that follows."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head.decode()
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(length.partition(b":")[2])
