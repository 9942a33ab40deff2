"""The HTTP face of the workspace. Every touch of the disk happens in the one pool of threads, never on the loop."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Executor
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from opm.sidecar.app import gathered, read_body
from opm.sidecar.errors import Refused, answer
from opm.sidecar.files import archive, content
from opm.sidecar.files.asking import condition, flag, parsed
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.change import Changes, Terms
from opm.sidecar.files.clone import Cloner
from opm.sidecar.files.encoding import SAMPLE, encoding
from opm.sidecar.files.faults import told
from opm.sidecar.files.names import parse, to_text
from opm.sidecar.files.original import original
from opm.sidecar.files.search import LONGEST_QUERY, Search
from opm.sidecar.files.tree import Listing, place_after
from opm.sidecar.files.watcher import ChangeStream, Watcher
from opm.wire.files import MOST_ENTRIES, MakeDirectory, Rename, WriteFile
from opm.wire.repositories import ref_problem, secret_problem, url_problem
from opm.wire.workspace import CloneOrder

_LARGEST_BODY = 24 << 20  # ten megabytes of content, with what JSON and base64 add to them
_SMALL_BODY = 64 << 10
_DEEPEST_TREE = 64
SEARCHES_AT_ONCE = 2
"""Further ones wait: each keeps the disk and a processor busy, which the agent needs, too."""

T = TypeVar("T")


class FilesApi:
    def __init__(self, beneath: Beneath, changes: Changes, pool: Executor, closing: asyncio.Event) -> None:
        self._beneath = beneath
        self._changes = changes
        self._pool = pool
        self._closing = closing
        self._cloner = Cloner(beneath, pool)
        self._watcher = Watcher(beneath)
        self._searching = asyncio.Semaphore(SEARCHES_AT_ONCE)

    async def close(self) -> None:
        await self._watcher.close()
        await self._cloner.close()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/files/tree", self.tree),
            Route("/files/content", self.read),
            Route("/files/content", self.upload, methods=["PUT"]),
            Route("/files/archive", self.archive),
            Route("/files/search", self.search),
            Route("/files/original", self.original),
            Route("/files/watch", self.watch),
            Route("/files/write", self.write, methods=["POST"]),
            Route("/files/mkdir", self.make_directory, methods=["POST"]),
            Route("/files/rename", self.rename, methods=["POST"]),
            Route("/files", self.delete, methods=["DELETE"]),
            Route("/workspace/clone", self.clone, methods=["POST"]),
        ]

    async def tree(self, request: Request) -> Response:
        path = parse(request.query_params.get("path", ""), root_allowed=True)
        depth = request.query_params.get("max_depth", "1")
        if not depth.isascii() or not depth.isdigit() or not 1 <= int(depth[:3]) <= _DEEPEST_TREE:
            raise Refused(400, f"max_depth is a number from 1 to {_DEEPEST_TREE}.")

        limit = request.query_params.get("limit", str(MOST_ENTRIES))
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MOST_ENTRIES:
            raise Refused(400, f"limit is a number from 1 to {MOST_ENTRIES}.")

        after = request.query_params.get("after")
        place = place_after(after) if after else None

        def work() -> bytes:
            return msgspec.json.encode(Listing(self._beneath, most=int(limit[:9])).tree(path, int(depth), place))

        return Response(await self._do(work), media_type="application/json")

    async def read(self, request: Request) -> Response:
        path = parse(request.query_params.get("path", ""))
        name = to_text(path.rpartition(b"/")[2])

        def work() -> tuple[int, os.stat_result, dict[str, str]]:
            descriptor = self._beneath.open_file(path)
            try:
                found = os.fstat(descriptor)
                return descriptor, found, content.headers(descriptor, found, name)
            except BaseException:
                os.close(descriptor)
                raise

        descriptor, found, headers = await self._do(work)
        try:
            response = self._respond(request, descriptor, found, headers)
        except BaseException:
            os.close(descriptor)
            raise
        if not isinstance(response, StreamingResponse):
            os.close(descriptor)
        return response

    def _respond(self, request: Request, descriptor: int, found: os.stat_result, headers: dict[str, str]) -> Response:
        current = headers["ETag"]
        if content.unchanged(request.headers.get("if-none-match"), current):
            return Response(status_code=304, headers=headers)
        asked, if_range = request.headers.get("range"), request.headers.get("if-range")
        try:
            part = content.part(asked, if_range, current, found.st_size)
        except Refused as refused:
            response = answer(refused)
            response.headers["Content-Range"] = f"bytes */{found.st_size}"
            return response
        headers["Content-Length"] = str(part.length)
        if part.status == 206:
            last = part.start + part.length - 1
            headers["Content-Range"] = f"bytes {part.start}-{last}/{found.st_size}"
        if request.method == "HEAD":
            return Response(status_code=part.status, headers=headers)
        return _FileResponse(descriptor, self._pieces(descriptor, part), part.status, headers)

    async def _pieces(self, descriptor: int, part: content.Part) -> AsyncIterator[bytes]:
        """Ends early if the file shrinks meanwhile; the promised length then tells the reader so."""
        position, end = part.start, part.start + part.length
        while position < end:
            length = min(content.PIECE, end - position)
            piece = await self._run(lambda at=position, size=length: os.pread(descriptor, size, at))
            if not piece:
                return
            position += len(piece)
            yield piece

    async def write(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)
        written = await self._do(lambda: self._changes.write(parsed(WriteFile, body)))
        return Response(written.model_dump_json(), 201 if written.created else 200, media_type="application/json")

    async def upload(self, request: Request) -> Response:
        """A body of any length, on its way to the disk as it comes."""
        path = parse(request.query_params.get("path", ""))
        terms = Terms(condition(request), overwrite=flag(request, "overwrite"))
        incoming = await self._do(lambda: self._changes.incoming(path, terms))
        try:
            async for piece in gathered(request, content.PIECE):
                await self._do(lambda data=piece: incoming.add(data))
            written = await self._do(incoming.finish)
        finally:
            await self._run(incoming.close)
        return Response(written.model_dump_json(), 201 if written.created else 200, media_type="application/json")

    async def archive(self, request: Request) -> Response:
        path = parse(request.query_params.get("path", ""), root_allowed=True)
        made = archive.pieces(self._beneath, path)
        first = await self._do(lambda: next(made))  # a path that is no directory is refused before the answer begins
        name = quote((to_text(path.rpartition(b"/")[2]) or "workspace") + ".zip", safe="")
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(self._made(first, made), headers=headers, media_type="application/zip")

    async def _made(self, first: bytes, made: Generator[bytes]) -> AsyncIterator[bytes]:
        try:
            yield first
            while (piece := await self._run(lambda: next(made, None))) is not None:
                yield piece
        finally:
            await self._run(made.close)

    async def search(self, request: Request) -> Response:
        asked = request.query_params
        query, kind = asked.get("query", ""), asked.get("kind", "content")
        if not query or len(query) > LONGEST_QUERY or "\0" in query:
            raise Refused(400, f"query is a text of 1 to {LONGEST_QUERY} characters.")
        if kind not in {"content", "name"}:
            raise Refused(400, "kind is content or name.")
        path = parse(asked.get("path", ""), root_allowed=True)
        search = Search(
            query,
            "name" if kind == "name" else "content",
            case_sensitive=flag(request, "case_sensitive"),
            regex=flag(request, "regex"),
        )
        async with self._searching:
            with told():
                found = await search.run(self._beneath, path)
        return _entry(found)

    async def original(self, request: Request) -> Response:
        path = parse(request.query_params.get("path", ""))
        with told():
            stored = await original(self._beneath, path)
        kind = encoding(stored[:SAMPLE], whole=len(stored) <= SAMPLE)
        headers = {"X-Content-Type-Options": "nosniff", "X-File-Encoding": kind}
        return Response(stored, media_type="application/octet-stream", headers=headers)

    async def watch(self, _: Request) -> Response:
        self._watcher.require_room()
        return ChangeStream(self._watcher, self._closing)

    async def make_directory(self, request: Request) -> Response:
        path = parse(parsed(MakeDirectory, await read_body(request, _SMALL_BODY)).path)
        return _entry(await self._do(lambda: self._changes.make_directory(path)))

    async def rename(self, request: Request) -> Response:
        wish = parsed(Rename, await read_body(request, _SMALL_BODY))
        return _entry(await self._do(lambda: self._changes.rename(wish)))

    async def delete(self, request: Request) -> Response:
        path = parse(request.query_params.get("path", ""))
        recursive = flag(request, "recursive")
        await self._do(lambda: self._changes.delete(path, recursive=recursive))
        return Response(status_code=204)

    async def clone(self, request: Request) -> Response:
        order = parsed(CloneOrder, await read_body(request, _SMALL_BODY))
        problem = url_problem(order.url) or secret_problem(order.username) or secret_problem(order.token)
        problem = problem or (ref_problem(order.ref) if order.ref else None)
        if problem:
            raise Refused(400, problem)
        self._cloner.require_idle()
        return StreamingResponse(self._cloner.lines(order), media_type="application/x-ndjson")

    async def _do(self, work: Callable[[], T]) -> T:
        """On a thread, with the kernel's refusals put into words."""
        with told():
            return await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


class _FileResponse(StreamingResponse):
    """Owns the descriptor: it is closed however the response ends, begun or not."""

    def __init__(self, descriptor: int, pieces: AsyncIterator[bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(pieces, status, headers)
        self._descriptor = descriptor

    async def __call__(self, *channel: Any) -> None:
        try:
            await super().__call__(*channel)
        finally:
            os.close(self._descriptor)


def _entry(entry: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(entry), media_type="application/json")
