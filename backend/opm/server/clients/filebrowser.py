"""The workspace of a pod, through its files sidecar."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from opm.server.clients.base import FileStream
from opm.server.clients.frames import Frames
from opm.server.clients.http import CONNECT_SECONDS, Sidecar, body_of
from opm.server.core.errors import Conflict, Unavailable
from opm.wire.files import (
    MOST_ENTRIES,
    FileSearch,
    MakeDirectory,
    Rename,
    SearchResult,
    Tree,
    WatchEvent,
    WriteFile,
    Written,
)
from opm.wire.workspace import CloneLine, CloneOrder, CloneProgress

Shape = TypeVar("Shape", bound=BaseModel)

STALL_SECONDS = 30.0
_LONGEST_LINE = 64 << 10
_ASKED = frozenset({"range", "if-none-match", "if-range", "if-modified-since"})
_TOLD = frozenset(
    {
        "accept-ranges",
        "content-disposition",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
        "x-file-encoding",
        "x-content-type-options",
        "x-opm-binary",
    }
)
_CONTENT = frozenset({200, 206, 304, 416})
_STREAMING = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=STALL_SECONDS)


class HttpFiles:
    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def tree(self, path: str, max_depth: int, limit: int = MOST_ENTRIES, after: str | None = None) -> Tree:
        query = {"path": path, "max_depth": str(max_depth), "limit": str(limit)} | ({"after": after} if after else {})
        return _shape(Tree, await self._sidecar.call("GET", "/files/tree", query=query))

    @asynccontextmanager
    async def content(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[FileStream]:
        """Of the caller's headers only those about ranges and conditions are asked."""
        asked = {name: value for name, value in headers.items() if name.lower() in _ASKED}
        async with self._sidecar.open(
            "GET", "/files/content", query={"path": path}, headers=asked, timeout=_STREAMING, welcome=_CONTENT
        ) as response:
            yield _stream(response)

    @asynccontextmanager
    async def archive(self, path: str) -> AsyncGenerator[FileStream]:
        async with self._sidecar.open("GET", "/files/archive", query={"path": path}, timeout=_STREAMING) as response:
            yield _stream(response)

    async def upload(
        self, path: str, content: AsyncIterator[bytes], *, base_etag: str | None = None, overwrite: bool = False
    ) -> Written:
        query = {"path": path, "overwrite": "true" if overwrite else "false"}
        headers = {"Content-Type": "application/octet-stream"} | ({"If-Match": base_etag} if base_etag else {})
        async with self._sidecar.open(
            "PUT", "/files/content", query=query, content=content, headers=headers, timeout=_STREAMING
        ) as response:
            return _shape(Written, await response.read())

    async def search(self, search: FileSearch) -> SearchResult:
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in search}
        return _shape(SearchResult, await self._sidecar.call("GET", "/files/search", query=query))

    @asynccontextmanager
    async def original(self, path: str) -> AsyncGenerator[FileStream]:
        async with self._sidecar.open("GET", "/files/original", query={"path": path}, timeout=_STREAMING) as response:
            yield _stream(response)

    async def write(self, body: WriteFile) -> Written:
        return _shape(Written, await self._sidecar.call("POST", "/files/write", body=body.model_dump(mode="json")))

    async def mkdir(self, body: MakeDirectory) -> None:
        await self._sidecar.call("POST", "/files/mkdir", body=body.model_dump(mode="json"))

    async def rename(self, body: Rename) -> None:
        await self._sidecar.call("POST", "/files/rename", body=body.model_dump(mode="json"))

    async def delete(self, path: str, *, recursive: bool) -> None:
        query = {"path": path, "recursive": "true" if recursive else "false"}
        await self._sidecar.call("DELETE", "/files", query=query)

    async def watch(self) -> AsyncGenerator[WatchEvent]:
        async with self._sidecar.open("GET", "/files/watch", timeout=_STREAMING) as response:
            frames = Frames()
            async for piece in body_of(response):
                for data in frames.feed(piece):
                    yield _shape(WatchEvent, data)

    async def clone(self, order: CloneOrder) -> AsyncGenerator[CloneProgress]:
        body = order.model_dump(mode="json")
        async with self._sidecar.open("POST", "/workspace/clone", body=body, timeout=_STREAMING) as response:
            async for text in _lines(response):
                line = _shape(CloneLine, text)
                if line.failure:
                    raise Conflict(line.failure.message, reason=line.failure.reason)
                if line.done:
                    return
                if line.progress:
                    yield line.progress
        raise Unavailable("The pod broke off in the middle of the clone.", reason="broken_off")


async def _lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    rest = b""
    async for piece in body_of(response):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise Unavailable("The pod says something that cannot be understood.", reason="not_understood")
        for line in lines:
            yield line


def _stream(response: aiohttp.ClientResponse) -> FileStream:
    told = {name.lower(): value for name, value in response.headers.items() if name.lower() in _TOLD}
    return FileStream(response.status, told, body_of(response))


def _shape(kind: type[Shape], body: bytes) -> Shape:
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        raise Unavailable(
            "The pod says something that cannot be understood; its version may not fit.", reason="not_understood"
        ) from exc
