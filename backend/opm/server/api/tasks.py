"""Cards: the board, editing, moving, history."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Header, Query, Response

from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.core.errors import Invalid
from opm.server.core.paging import Page
from opm.server.features.tasks import states
from opm.server.features.tasks.schemas import (
    Bulk,
    BulkResults,
    DeletedTask,
    MoveTask,
    NewTask,
    States,
    Task,
    TaskEvent,
    TaskFilter,
    TaskPatch,
)
from opm.server.features.tasks.states import Cause, TaskStatus

router = new_router(tag="tasks", policy=Policy.OWNER)
_VERSIONED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "the card's version, for `If-Match`", "schema": {"type": "string"}}}}
}


@router.get("/states", openapi_extra=declared(Policy.SIGNED_IN))
async def get_states(actor: ActorDep) -> States:
    """Which drops a board may offer, and what the buttons of a card may be."""
    human = (Cause.MOVE, Cause.EXECUTE, Cause.CANCEL)
    return States(
        statuses=list(TaskStatus),
        moves={s: [t for t in TaskStatus if any((s, t) in states.STEPS[c] for c in human)] for s in TaskStatus},
        execute_from=states.sources(Cause.EXECUTE),
        feedback_from=states.sources(Cause.FEEDBACK),
    )


@router.get("/projects/{project}/tasks", response_model=Page[Task])
async def list_tasks(
    actor: ActorDep, scope: ScopeDep, page: PageDep, project: str, wanted: Annotated[TaskFilter, Query()]
) -> Response:
    """The cards of all columns in order of rank. Encoded as read: this is the most asked-for list."""
    board = await scope.tasks.board(actor, project, page, wanted)
    return Response(msgspec.json.encode(board), media_type="application/json")


@router.post("/projects/{project}/tasks", status_code=201)
async def create_task(actor: ActorDep, scope: ScopeDep, project: str, body: NewTask, response: Response) -> Task:
    """At the end of the first column."""
    return _tagged(response, await scope.tasks.create(actor, project, body))


@router.post("/projects/{project}/tasks/bulk")
async def change_tasks(actor: ActorDep, scope: ScopeDep, project: str, body: Bulk) -> BulkResults:
    """Move, delete or restore up to 200 cards, or take the last move of each back."""
    return await scope.bulk.change(actor, project, body)


@router.get("/projects/{project}/tasks/deleted")
async def list_deleted_tasks(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[DeletedTask]:
    """What can still be restored, the last deleted first."""
    return await scope.tasks.deleted(actor, project, page)


@router.get("/projects/{project}/tasks/{task}", responses=_VERSIONED)
async def get_task(actor: ActorDep, scope: ScopeDep, project: str, task: UUID, response: Response) -> Task:
    """The card as boards show it; its `ETag` is its version."""
    return _tagged(response, await scope.tasks.get(actor, project, task))


@router.patch("/projects/{project}/tasks/{task}")
async def update_task(
    actor: ActorDep,
    scope: ScopeDep,
    project: str,
    task: UUID,
    body: TaskPatch,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> Task:
    """What is not named stays as it is. With `If-Match`, refused if somebody was faster."""
    return _tagged(response, await scope.tasks.patch(actor, project, task, body, _version(if_match)))


@router.delete("/projects/{project}/tasks/{task}", status_code=204)
async def delete_task(actor: ActorDep, scope: ScopeDep, project: str, task: UUID) -> Response:
    """Out of sight at once; it can be restored for 30 days."""
    await scope.tasks.delete(actor, project, task)
    return Response(status_code=204)


@router.post("/projects/{project}/tasks/{task}/move")
async def move_task(
    actor: ActorDep, scope: ScopeDep, project: str, task: UUID, body: MoveTask, response: Response
) -> Task:
    """To another column or another place in its own."""
    return _tagged(response, await scope.tasks.move(actor, project, task, body))


@router.get("/projects/{project}/tasks/{task}/events")
async def list_task_events(
    actor: ActorDep, scope: ScopeDep, page: PageDep, project: str, task: UUID
) -> Page[TaskEvent]:
    """What happened to a card and who did it, newest first."""
    return await scope.tasks.history(actor, project, task, page)


def _tagged(response: Response, task: Task) -> Task:
    response.headers["ETag"] = f'"{task.version}"'
    return task


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdecimal():
        raise Invalid("If-Match must be the version of a card, as its ETag says it.", field="If-Match")
    return int(number)
