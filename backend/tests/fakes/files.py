"""A workspace in a dictionary, with the refusals of the real one."""

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from opm.server.clients.base import FileStream
from opm.server.core.errors import Conflict, Invalid, NotFound
from opm.wire.files import (
    MOST_ENTRIES,
    Entry,
    EntryType,
    FileChange,
    FileSearch,
    MakeDirectory,
    Rename,
    SearchHit,
    SearchResult,
    Tree,
    WatchEvent,
    WriteFile,
    Written,
)
from opm.wire.repositories import url_problem
from opm.wire.workspace import CloneOrder, CloneProgress

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeFiles:
    def __init__(
        self, content: Mapping[str, bytes] | None = None, committed: Mapping[str, bytes] | None = None
    ) -> None:
        self.content_of: dict[str, bytes] = {}
        self.directories: set[str] = {""}
        self.committed = dict(committed or {})
        self.repositories: dict[str, Mapping[str, bytes]] = {}
        """What there is to be cloned, by address; of all others the server knows nothing."""
        self.orders: list[CloneOrder] = []
        self.cloning: Callable[[], Awaitable[None]] | None = None
        """What happens in the middle of a clone."""
        self.watchers: set[asyncio.Queue[WatchEvent | None]] = set()
        for path, data in (content or {}).items():
            self._put(path, data)

    async def tree(self, path: str, max_depth: int, limit: int = MOST_ENTRIES, after: str | None = None) -> Tree:
        _check(path, root=True)
        if path not in self.directories:
            raise NotFound(f"There is no directory {path!r}.")
        entries = self._entries(path, max_depth)
        said = [entry.name + "/" * (entry.type == EntryType.DIRECTORY) for entry in entries]
        begin = said.index(after) + 1 if after else 0
        more = len(entries) > begin + limit
        return Tree(
            path=path,
            entries=entries[begin : begin + limit],
            truncated=more,
            next=said[begin + limit - 1] if more else None,
        )

    @asynccontextmanager
    async def content(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[FileStream]:
        _check(path)
        if path in self.directories:
            raise Conflict("This is a directory.")
        if path not in self.content_of:
            raise NotFound(f"There is no file {path!r}.")
        data = self.content_of[path]
        asked = {name.lower(): value for name, value in headers.items()}
        binary = b"\0" in data[:8192]
        told = {
            "etag": _etag(data),
            "content-length": str(len(data)),
            "x-file-encoding": "binary" if binary else "utf-8",
            "x-opm-binary": str(binary).lower(),
            "content-type": "application/octet-stream" if binary else "text/plain; charset=utf-8",
        }
        if asked.get("if-none-match") == _etag(data):
            yield FileStream(304, {"etag": _etag(data)}, _pieces(b""))
        else:
            yield FileStream(200, told, _pieces(data))

    async def write(self, body: WriteFile) -> Written:
        _check(body.path)
        if body.path in self.directories:
            raise Conflict("This is a directory.")
        current = self.content_of.get(body.path)
        self._compare(body, current)
        data = base64.b64decode(body.content) if body.encoding == "base64" else body.content.encode()
        self._put(body.path, data)
        return Written(path=body.path, etag=_etag(data), size=len(data), modified=_NOW, created=current is None)

    async def upload(
        self, path: str, content: AsyncIterator[bytes], *, base_etag: str | None = None, overwrite: bool = False
    ) -> Written:
        data = base64.b64encode(b"".join([piece async for piece in content])).decode()
        return await self.write(
            WriteFile(path=path, content=data, encoding="base64", base_etag=base_etag, overwrite=overwrite)
        )

    @asynccontextmanager
    async def archive(self, path: str) -> AsyncGenerator[FileStream]:
        _check(path, root=True)
        if path not in self.directories:
            raise NotFound(f"There is no directory {path!r}.")
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in sorted(self.content_of.items()):
                if not path or name.startswith(f"{path}/"):
                    archive.writestr(name[len(path) :].lstrip("/"), data)
        yield FileStream(200, {"content-type": "application/zip"}, _pieces(made.getvalue()))

    async def search(self, search: FileSearch) -> SearchResult:
        """As a plain text, without regard to case."""
        wanted = search.query.casefold()
        hits: list[SearchHit] = []
        for path, data in sorted(self.content_of.items()):
            if search.kind == "name":
                hits += [SearchHit(path=path)] if wanted in path.casefold() else []
                continue
            for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
                at = line.casefold().find(wanted)
                hits += [SearchHit(path=path, line=number, column=at + 1, text=line)] if at >= 0 else []
        return SearchResult(hits=hits)

    @asynccontextmanager
    async def original(self, path: str) -> AsyncGenerator[FileStream]:
        _check(path)
        if path not in self.committed:
            raise NotFound("The file is not in the last commit.", reason="not_committed")
        data = self.committed[path]
        binary = b"\0" in data[:8192]
        yield FileStream(200, {"x-file-encoding": "binary" if binary else "utf-8"}, _pieces(data))

    async def mkdir(self, body: MakeDirectory) -> None:
        _check(body.path)
        if body.path in self.content_of:
            raise Conflict("A file is there.")
        self._make_parents(f"{body.path}/x")

    async def rename(self, body: Rename) -> None:
        _check(body.path)
        _check(body.to)
        if body.path not in self.content_of and body.path not in self.directories:
            raise NotFound(f"There is no {body.path!r}.")
        if not body.overwrite and (body.to in self.content_of or body.to in self.directories):
            raise Conflict("Something is there already.")
        moved = [path for path in (*self.content_of, *self.directories) if _under(path, body.path)]
        for path in moved:
            target = body.to + path[len(body.path) :]
            if path in self.content_of:
                self._put(target, self.content_of.pop(path))
            else:
                self.directories.discard(path)
                self._make_parents(f"{target}/x")

    async def delete(self, path: str, *, recursive: bool) -> None:
        _check(path)
        if path in self.content_of:
            del self.content_of[path]
            self._changed(path, "delete")
            return
        if path not in self.directories:
            raise NotFound(f"There is no {path!r}.")
        inside = [name for name in (*self.content_of, *self.directories) if name != path and _under(name, path)]
        if inside and not recursive:
            raise Conflict("The directory is not empty.")
        for name in (*inside, path):
            self.content_of.pop(name, None)
            self.directories.discard(name)

    async def watch(self) -> AsyncGenerator[WatchEvent]:
        news: asyncio.Queue[WatchEvent | None] = asyncio.Queue()
        news.put_nowait(WatchEvent(type="ready"))
        self.watchers.add(news)
        try:
            while (event := await news.get()) is not None:
                yield event
        finally:
            self.watchers.discard(news)

    def tell(self, event: WatchEvent | None) -> None:
        """To all who watch; None ends their streams."""
        for news in self.watchers:
            news.put_nowait(event)

    def _changed(self, path: str, operation: Literal["create", "delete"]) -> None:
        self.tell(WatchEvent(type="changes", items=[FileChange(path=path, operation=operation)]))

    async def clone(self, order: CloneOrder) -> AsyncGenerator[CloneProgress]:
        if url_problem(order.url):
            raise Invalid("This is no address of a repository.")
        self.orders.append(order)
        yield CloneProgress(phase="starting")
        if order.url not in self.repositories:
            raise Conflict("There is no repository at this address.", reason="not_found")
        yield CloneProgress(phase="receiving", percent=50)
        if self.cloning is not None:
            await self.cloning()
        yield CloneProgress(phase="receiving", percent=100)
        self.content_of, self.directories = {}, {""}
        for path, data in self.repositories[order.url].items():
            self._put(path, data)
        self.committed = dict(self.content_of)

    def _compare(self, body: WriteFile, current: bytes | None) -> None:
        if body.base_etag is not None:
            if current is None:
                raise Conflict("The file was deleted.", reason="deleted", etag=None)
            if _etag(current) != body.base_etag:
                raise Conflict("The file was changed.", reason="changed", etag=_etag(current))
        elif current is not None and not body.overwrite:
            raise Conflict("The file exists.", reason="exists", etag=_etag(current))

    def _entries(self, path: str, depth: int) -> list[Entry]:
        folders = sorted((d for d in self.directories if d and _parent(d) == path), key=str.lower)
        files = sorted((f for f in self.content_of if _parent(f) == path), key=str.lower)
        return [
            Entry(
                name=_name(d),
                path=d,
                type=EntryType.DIRECTORY,
                modified=_NOW,
                children=self._entries(d, depth - 1) if depth > 1 else None,
            )
            for d in folders
        ] + [
            Entry(name=_name(f), path=f, type=EntryType.FILE, size=len(self.content_of[f]), modified=_NOW)
            for f in files
        ]

    def _put(self, path: str, data: bytes) -> None:
        self._make_parents(path)
        self.content_of[path] = data
        self._changed(path, "create")

    def _make_parents(self, path: str) -> None:
        while path := _parent(path):
            self.directories.add(path)


def _check(path: str, *, root: bool = False) -> None:
    if (not path and not root) or path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise Invalid("This is not a path inside the workspace.")


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _under(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data
