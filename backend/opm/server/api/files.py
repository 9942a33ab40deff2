"""The workspace of a project, through the files sidecar of its pod."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from opm.server.api.deps import ActorDep, PortsDep
from opm.server.api.pods import FilesDep
from opm.wire.files import MakeDirectory, Rename, Tree, WriteFile, Written

router = APIRouter(prefix="/projects/{project}/files", tags=["files"])
Path = Annotated[str, Query(max_length=4096)]
_FORWARDED = ("range", "if-none-match", "if-range")


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
    end = BackgroundTask(context.__aexit__, None, None, None)
    return StreamingResponse(stream.body, stream.status, dict(stream.headers), background=end)


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
