"""Runs of a project, looked back at: found, repeated, deleted."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.core.paging import Page
from opm.server.features.sessions.schemas import Rerun, RunStatus, Session, SessionFilter

router = new_router("/projects/{project}/sessions", tag="runs", policy=Policy.OWNER)


async def get_filter(
    status: Annotated[list[RunStatus] | None, Query()] = None,
    task: UUID | None = None,
    user: UUID | None = None,
    q: Annotated[str | None, Query(max_length=200, description="in prompts and titles of cards")] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> SessionFilter:
    return SessionFilter(status=status, task=task, user=user, q=q, since=since, until=until)


@router.get("")
async def list_sessions(
    actor: ActorDep,
    scope: ScopeDep,
    page: PageDep,
    wanted: Annotated[SessionFilter, Depends(get_filter)],
    project: str,
) -> Page[Session]:
    """Newest first."""
    return await scope.sessions.of_project(actor, project, page, wanted)


@router.get("/{session}")
async def get_session(actor: ActorDep, scope: ScopeDep, project: str, session: UUID) -> Session:
    """One run, also after its pod is gone."""
    return await scope.sessions.get(actor, project, session)


@router.delete("/{session}", status_code=204)
async def delete_session(actor: ActorDep, scope: ScopeDep, project: str, session: UUID) -> Response:
    """With its output and exchange. Refused until the run has ended."""
    await scope.sessions.delete(actor, project, session)
    return Response(status_code=204)


@router.post("/{session}/rerun", status_code=202)
async def rerun_session(actor: ActorDep, scope: ScopeDep, project: str, session: UUID, body: Rerun) -> Session:
    """The same prompt in a new conversation, as a new run of the same card."""
    return await scope.sessions.rerun(actor, project, session, body.config)
