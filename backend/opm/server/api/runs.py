"""Runs: start, cancel, watch, look back."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query
from starlette.responses import StreamingResponse

from opm.server.api import contents
from opm.server.api.deps import ActorDep, PageDep, PortsDep, ScopeDep
from opm.server.api.output import output_stream
from opm.server.api.pods import live_diff
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.api.vigil import VigilDep
from opm.server.core.errors import NotFound
from opm.server.core.paging import Page
from opm.server.features.sessions.schemas import Diff, RunStatus, Session
from opm.server.features.tasks.schemas import Task

router = new_router("/projects/{project}", tag="runs", policy=Policy.OWNER)


@router.post("/tasks/{task}/execute", status_code=202)
async def execute_task(actor: ActorDep, scope: ScopeDep, project: str, task: UUID) -> Session:
    """Give the card to the agent; the run waits in the queue of its project."""
    return await scope.sessions.execute(actor, project, task)


@router.post("/tasks/{task}/cancel", status_code=202)
async def cancel_task(actor: ActorDep, scope: ScopeDep, project: str, task: UUID) -> Task:
    """A queued run ends at once; a run at work is told to stop, and the card follows."""
    return await scope.sessions.cancel(actor, project, task)


@router.get("/tasks/{task}/output", response_class=StreamingResponse, response_model=None, responses=contents.EVENTS)
async def stream_output(
    actor: ActorDep,
    ports: PortsDep,
    vigil: VigilDep,
    project: str,
    task: UUID,
    session_id: UUID | None = None,
    after: Annotated[str | None, Query(max_length=20)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: what the run put out so far, then what it puts out; resumable by `Last-Event-ID`."""
    async with ports.scope(write=False) as scope:
        run = await scope.sessions.chosen(actor, project, task, session_id)
    if run is None:
        raise NotFound("This card has not been given to the agent yet.", reason="no_run")
    return output_stream(ports, vigil, actor, run.id, last_event_id or after, project_id=run.project_id)


@router.get("/tasks/{task}/diff")
async def get_diff(actor: ActorDep, ports: PortsDep, project: str, task: UUID, session_id: UUID | None = None) -> Diff:
    """What a run changed; while it works, asked of the pod."""
    async with ports.scope(write=False) as scope:
        run = await scope.sessions.chosen(actor, project, task, session_id)
    if run is None:
        return Diff(session_id=None, live=False, known=True, files=[])
    live = run.status in {RunStatus.STARTING, RunStatus.RUNNING}
    files = await live_diff(ports, run) if live else run.diff
    known = files is not None or run.remote_session_id is None
    return Diff.model_validate({"session_id": run.id, "live": live, "known": known, "files": files or []})


@router.get("/tasks/{task}/sessions")
async def list_task_sessions(
    actor: ActorDep, scope: ScopeDep, page: PageDep, project: str, task: UUID
) -> Page[Session]:
    """The runs of a card, newest first."""
    return await scope.sessions.of_task(actor, project, task, page)
