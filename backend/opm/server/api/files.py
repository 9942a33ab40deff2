"""The workspace of a project, through the files sidecar of its pod."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from opm.server.api.deps import ActorDep, PortsDep
from opm.server.api.pods import FilesDep
from opm.server.clients.base import FileStream
from opm.wire.files import MakeDirectory, Rename, Tree, WriteFile, Written

router = APIRouter(prefix="/projects/{project}/files", tags=["files"])
Path = Annotated[str, Query(max_length=4096)]
_FORWARDED = ("range", "if-none-match", "if-range")


class _Passing(StreamingResponse):
    """Lets go of what it streams from however that ends: whole, broken off in the pod, or left by the reader."""

    def __init__(self, stream: FileStream, end: Callable[[], Awaitable[object]]) -> None:
        super().__init__(stream.body, stream.status, dict(stream.headers))
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._end()


@router.get("/tree")
async def get_tree(
    files: FilesDep, project: str, path: Path = "", max_depth: Annotated[int, Query(ge=1, le=64)] = 1
) -> Tree:
    return await files.tree(path, max_depth)


@router.get("/content", response_class=StreamingResponse, response_model=None)
async def get_content(files: FilesDep, project: str, path: Path, request: Request) -> StreamingResponse:
    """The bytes of one file, as they are; `Range` and `If-None-Match` are honoured."""
    wanted = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
    context = files.content(path, wanted)
    stream = await context.__aenter__()
    return _Passing(stream, lambda: context.__aexit__(None, None, None))


@router.post("/write")
async def write_file(files: FilesDep, project: str, body: WriteFile) -> Written:
    return await files.write(body)


@router.post("/mkdir", status_code=201)
async def make_directory(files: FilesDep, project: str, body: MakeDirectory) -> Response:
    await files.mkdir(body)
    return Response(status_code=201)


@router.post("/rename", status_code=204)
async def rename_file(files: FilesDep, project: str, body: Rename) -> Response:
    await files.rename(body)
    return Response(status_code=204)


@router.delete("", status_code=204)
async def delete_file(
    files: FilesDep, actor: ActorDep, ports: PortsDep, project: str, path: Path, *, recursive: bool = False
) -> Response:
    await files.delete(path, recursive=recursive)
    async with ports.scope() as scope:
        scope.workspaces.file_deleted(actor, await scope.projects.require(actor, project), path)
    return Response(status_code=204)
