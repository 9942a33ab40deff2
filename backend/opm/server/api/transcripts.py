"""A run as a file to take along, streamed from what is stored."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query
from starlette.responses import StreamingResponse

from opm.server.api import contents
from opm.server.api.deps import ActorDep, PortsDep
from opm.server.api.downloads import attachment
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.core.actor import Actor
from opm.server.core.paging import MAX_LIMIT, PageRequest
from opm.server.features.interactions.schemas import Interaction
from opm.server.features.sessions.schemas import Session
from opm.server.features.sessions.transcript import Transcript
from opm.server.wiring import Ports

router = new_router("/projects/{project}/sessions", tag="runs", policy=Policy.OWNER)

_ROWS = 500

Numbered = AsyncIterator[tuple[int, bytes]]


class TranscriptFormat(StrEnum):
    MARKDOWN = "md"
    JSON = "json"


@router.get("/{session}/export", response_class=StreamingResponse, response_model=None, responses=contents.TRANSCRIPT)
async def export_session(
    actor: ActorDep,
    ports: PortsDep,
    project: str,
    session: UUID,
    form: Annotated[TranscriptFormat, Query(alias="format")] = TranscriptFormat.MARKDOWN,
) -> StreamingResponse:
    """All that was said and done in a run; it needs no pod."""
    async with ports.scope(write=False) as scope:
        run = await scope.sessions.get(actor, project, session)
    said = [row async for row in _exchange(ports, actor, run)]
    write = _json if form is TranscriptFormat.JSON else _markdown
    media = "application/json" if form is TranscriptFormat.JSON else "text/markdown"
    return StreamingResponse(
        write(run, said, _output(ports, run)), media_type=media, headers=attachment(f"run-{run.id}.{form.value}")
    )


async def _exchange(ports: Ports, actor: Actor, run: Session) -> AsyncIterator[Interaction]:
    cursor: str | None = None
    while True:
        async with ports.scope(write=False) as scope:
            request = PageRequest(limit=MAX_LIMIT, cursor=cursor)
            page = await scope.interactions.page(actor, str(run.project_id), run.task_id, request)
        for row in page.items:
            if row.session_id == run.id:
                yield row
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


async def _output(ports: Ports, run: Session) -> Numbered:
    """Number and JSON of each event; a unit of work for each piece, so that slow readers hold no connection."""
    after = 0
    while True:
        async with ports.scope(write=False) as scope:
            rows = await scope.output.rows(run.id, after, _ROWS)
        for seq, _, data in rows:
            yield seq, data
        if len(rows) < _ROWS:
            return
        after = rows[-1][0]


async def _json(
    run: Session, said: list[Interaction], output: AsyncIterator[tuple[int, bytes]]
) -> AsyncIterator[bytes]:
    exchange = orjson.dumps([row.model_dump(mode="json") for row in said])
    yield b'{"session":' + run.model_dump_json().encode() + b',"interactions":' + exchange + b',"output":['
    first = True
    async for seq, data in output:
        yield (b"" if first else b",") + b'{"seq":' + str(seq).encode() + b',"event":' + data + b"}"
        first = False
    yield b"]}"


async def _markdown(run: Session, said: list[Interaction], output: Numbered) -> AsyncIterator[str]:
    transcript = Transcript(run, said)
    async for _, data in output:
        transcript.take(orjson.loads(data))
    for piece in transcript.pieces():
        yield piece
