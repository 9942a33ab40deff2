"""The workspace of a pod, through its files sidecar."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from opm.server.clients.base import FileStream
from opm.server.clients.http import CONNECT_SECONDS, Sidecar, body_of
from opm.server.core.errors import Unavailable
from opm.wire.files import MakeDirectory, Rename, Tree, WriteFile, Written

Shape = TypeVar("Shape", bound=BaseModel)

STALL_SECONDS = 30.0
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
        "x-content-type-options",
        "x-opm-binary",
    }
)
_CONTENT = frozenset({200, 206, 304, 416})


class HttpFiles:
    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def tree(self, path: str, max_depth: int) -> Tree:
        query = {"path": path, "max_depth": str(max_depth)}
        return _shape(Tree, await self._sidecar.call("GET", "/files/tree", query=query))

    @asynccontextmanager
    async def content(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[FileStream]:
        """Of the caller's headers only those about ranges and conditions are asked."""
        asked = {name: value for name, value in headers.items() if name.lower() in _ASKED}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=STALL_SECONDS)
        async with self._sidecar.open(
            "GET", "/files/content", query={"path": path}, headers=asked, timeout=timeout, welcome=_CONTENT
        ) as response:
            told = {name.lower(): value for name, value in response.headers.items() if name.lower() in _TOLD}
            yield FileStream(response.status, told, body_of(response))

    async def write(self, body: WriteFile) -> Written:
        return _shape(Written, await self._sidecar.call("POST", "/files/write", body=body.model_dump(mode="json")))

    async def mkdir(self, body: MakeDirectory) -> None:
        await self._sidecar.call("POST", "/files/mkdir", body=body.model_dump(mode="json"))

    async def rename(self, body: Rename) -> None:
        await self._sidecar.call("POST", "/files/rename", body=body.model_dump(mode="json"))

    async def delete(self, path: str, *, recursive: bool) -> None:
        query = {"path": path, "recursive": "true" if recursive else "false"}
        await self._sidecar.call("DELETE", "/files", query=query)


def _shape(kind: type[Shape], body: bytes) -> Shape:
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        raise Unavailable(
            "The pod says something that cannot be understood; its version may not fit.", reason="not_understood"
        ) from exc
