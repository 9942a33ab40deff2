"""The workspace of a project, through the files sidecar of its pod."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Header, Query, Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from opm.server.api import contents
from opm.server.api.deps import ActorDep, PortsDep
from opm.server.api.pods import FilesDep
from opm.server.api.policies import Policy
from opm.server.api.routing import creates, new_router
from opm.server.clients.base import FileStream
from opm.server.core.actor import Actor
from opm.server.core.errors import Fault, Invalid
from opm.server.wiring import Ports
from opm.wire.files import MOST_ENTRIES, FileSearch, MakeDirectory, Rename, SearchResult, Tree, WriteFile, Written

router = new_router("/projects/{project}/files", tag="files", policy=Policy.OWNER)
Path = Annotated[str, Query(max_length=4096)]
_FORWARDED = ("range", "if-none-match", "if-range")
_HARMLESS = frozenset({"text/plain; charset=utf-8", "application/octet-stream", "application/zip"})
"""What the bytes of a pod may call themselves; none of it is ever shown as a page."""


class _Passing(StreamingResponse):
    """Lets go of what it streams from however that ends: whole, broken off in the pod, or left by the reader."""

    def __init__(self, stream: FileStream, end: Callable[[], Awaitable[object]]) -> None:
        super().__init__(stream.body, stream.status, _saved_not_shown(stream.headers))
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._end()


def _saved_not_shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Said here, because a pod is not trusted to say it."""
    said = {name.lower(): value for name, value in headers.items()} | {"x-content-type-options": "nosniff"}
    said.pop("content-security-policy", None)
    if not said.get("content-disposition", "").startswith("attachment"):
        said["content-disposition"] = "attachment"
    if said.get("content-type") not in _HARMLESS:
        said["content-type"] = "application/octet-stream"
    return said


async def _passing(context: AbstractAsyncContextManager[FileStream]) -> StreamingResponse:
    stream = await context.__aenter__()
    return _Passing(stream, lambda: context.__aexit__(None, None, None))


async def _received(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except ClientDisconnect:
        raise Invalid("The upload was broken off; nothing was changed.") from None


@router.get("/tree")
async def get_tree(
    files: FilesDep,
    project: str,
    path: Path = "",
    max_depth: Annotated[int, Query(ge=1, le=64)] = 1,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = MOST_ENTRIES,
    after: Annotated[str | None, Query(max_length=4096, description="`next` of the listing before")] = None,
) -> Tree:
    """A folder and what lies below it: directories first, then names whatever their case; links are not followed."""
    return await files.tree(path, max_depth, limit, after)


@router.get(
    "/content",
    response_class=StreamingResponse,
    response_model=None,
    responses=contents.FILE,
    openapi_extra={"parameters": contents.RANGES},
)
async def get_content(files: FilesDep, project: str, path: Path, request: Request) -> StreamingResponse:
    """The bytes of one file, as they are; `Range` and `If-None-Match` are honoured."""
    wanted = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
    return await _passing(files.content(path, wanted))


@router.put("/content", openapi_extra=contents.BYTES)
async def upload_file(
    files: FilesDep,
    project: str,
    path: Path,
    request: Request,
    *,
    overwrite: bool = False,
    if_match: Annotated[str | None, Header()] = None,
) -> Written:
    """A file of any size, as it is. Replaces nothing unless `If-Match` names the version, or `overwrite` is said."""
    return await files.upload(path, _received(request), base_etag=if_match, overwrite=overwrite)


@router.get("/archive", response_class=StreamingResponse, response_model=None, responses=contents.ZIP)
async def get_archive(files: FilesDep, project: str, path: Path = "") -> StreamingResponse:
    """A folder as a zip file, made while it is sent; links and git's own directory are left out."""
    return await _passing(files.archive(path))


@router.get("/search")
async def search_files(files: FilesDep, project: str, search: Annotated[FileSearch, Query()]) -> SearchResult:
    """Names, or contents of files up to 2 MB, without what git ignores; 500 hits and 10 seconds at most."""
    return await files.search(search)


@router.get("/original", response_class=StreamingResponse, response_model=None, responses=contents.ORIGINAL)
async def get_original(files: FilesDep, project: str, path: Path) -> StreamingResponse:
    """The file as it was in the last commit."""
    return await _passing(files.original(path))


@router.post("/write")
@creates
async def write_file(files: FilesDep, project: str, body: WriteFile) -> Written:
    """A text, in one piece. Replaces nothing unless `base_etag` names the version, or `overwrite` is said."""
    return await files.write(body)


@router.post("/mkdir", status_code=201, response_class=Response)
async def make_directory(files: FilesDep, project: str, body: MakeDirectory) -> Response:
    """With those above it that are missing."""
    await files.mkdir(body)
    return Response(status_code=201)


@router.post("/rename", status_code=204)
async def rename_file(files: FilesDep, project: str, body: Rename) -> Response:
    """Also into another folder. Replaces nothing unless `overwrite` is said."""
    await files.rename(body)
    return Response(status_code=204)


@router.delete("", status_code=204)
async def delete_file(
    files: FilesDep, actor: ActorDep, ports: PortsDep, project: str, path: Path, *, recursive: bool = False
) -> Response:
    """A file, or a folder, which must be empty unless `recursive` is said."""
    try:
        await files.delete(path, recursive=recursive)
    except Fault:
        # the pod may have done it, wholly or in part
        await _written_down(ports, actor, project, path, failed=True)
        raise
    await _written_down(ports, actor, project, path, failed=False)
    return Response(status_code=204)


async def _written_down(ports: Ports, actor: Actor, project: str, path: str, *, failed: bool) -> None:
    async with ports.scope() as scope:
        scope.workspaces.file_deleted(actor, await scope.projects.require(actor, project), path, failed=failed)
