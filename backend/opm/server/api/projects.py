"""Projects and their pods."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from opm.server.api.deps import ActorDep, PageDep, PortsDep, ScopeDep
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.core.actor import Actor
from opm.server.core.paging import Page
from opm.server.features.projects.schemas import (
    CloneAgain,
    NewProject,
    Pod,
    PodLogs,
    Project,
    ProjectPatch,
    ProjectSummary,
    ProjectView,
)
from opm.server.features.workspaces.advice import pod_of
from opm.server.runtime.base import Part
from opm.server.wiring import Ports

router = new_router("/projects", tag="projects", policy=Policy.OWNER)


async def _check_host(_: ActorDep, ports: PortsDep, body: NewProject) -> None:
    if body.git:
        await ports.git_hosts.check(body.git.url)


async def _check_other_host(actor: ActorDep, ports: PortsDep, project: str, body: CloneAgain) -> None:
    if body.url:
        await _id_of(actor, ports, project)
        await ports.git_hosts.check(body.url)


# Asked before the turn to write is taken: names may be slow to resolve.
OpenHost = Annotated[None, Depends(_check_host)]
OpenOtherHost = Annotated[None, Depends(_check_other_host)]


@router.get("", openapi_extra=declared(Policy.SIGNED_IN))
async def list_projects(
    actor: ActorDep, scope: ScopeDep, page: PageDep, status: ProjectView = ProjectView.LIVE
) -> Page[ProjectSummary]:
    """Archived projects are listed only when asked for."""
    return await scope.projects.page(actor, page, status)


@router.post("", status_code=201, openapi_extra=declared(Policy.SIGNED_IN))
async def create_project(actor: ActorDep, _: OpenHost, scope: ScopeDep, body: NewProject) -> ProjectSummary:
    """A repository is cloned in the pod once this is answered; `workspace_changed` events tell how far that is.

    Its host must have a public address and https, unless the operator allows others.
    """
    return await scope.workspaces.create(actor, body)


@router.get("/{project}")
async def get_project(actor: ActorDep, scope: ScopeDep, project: str) -> ProjectSummary:
    """One project, by its id or its slug, with the numbers that its card shows."""
    return await scope.projects.summary(actor, project)


@router.patch("/{project}")
async def update_project(actor: ActorDep, scope: ScopeDep, project: str, body: ProjectPatch) -> ProjectSummary:
    """What is not named stays as it is."""
    return (await scope.projects.summaries([await scope.projects.patch(actor, project, body)]))[0]


@router.delete("/{project}", status_code=204)
async def delete_project(actor: ActorDep, scope: ScopeDep, project: str) -> Response:
    """Its runs are told to stop, its pod and workspace are taken away; its record stays."""
    await scope.sessions.delete_project(actor, project)
    return Response(status_code=204)


@router.post("/{project}/archive")
async def archive_project(actor: ActorDep, scope: ScopeDep, project: str) -> ProjectSummary:
    """Stop the pod, keep its workspace, and let the project only be read until it is restored."""
    return await scope.workspaces.archive(actor, project)


@router.post("/{project}/restore")
async def restore_project(actor: ActorDep, scope: ScopeDep, project: str) -> ProjectSummary:
    """Undo `archive`."""
    return (await scope.projects.summaries([await scope.projects.restore(actor, project)]))[0]


@router.post("/{project}/start", status_code=202)
async def start_project(actor: ActorDep, scope: ScopeDep, project: str) -> Project:
    """Wish for a running pod; answered before it runs."""
    return Project.model_validate(await scope.workspaces.start(actor, project))


@router.post("/{project}/stop", status_code=202)
async def stop_project(actor: ActorDep, scope: ScopeDep, project: str) -> Project:
    """Wish for the pod to be stopped; refused while the agent works in it."""
    return Project.model_validate(await scope.workspaces.stop(actor, project))


@router.post("/{project}/workspace/retry", status_code=202)
async def retry_workspace(
    actor: ActorDep, _: OpenOtherHost, scope: ScopeDep, project: str, body: CloneAgain
) -> ProjectSummary:
    """Clone again what could not be cloned, if wanted with another address, branch or token."""
    return (await scope.projects.summaries([await scope.clones.again(actor, project, body)]))[0]


@router.get("/{project}/pod")
async def get_pod(actor: ActorDep, ports: PortsDep, project: str) -> Pod:
    """Its parts, how each fares, and what to do about one that does not."""
    seen = await ports.runtime.observe(await _id_of(actor, ports, project))
    return pod_of(seen)


@router.get("/{project}/pod/logs")
async def get_pod_logs(
    actor: ActorDep,
    ports: PortsDep,
    project: str,
    part: Part = Part.OPENCODE,
    lines: Annotated[int, Query(ge=1, le=2000)] = 200,
) -> PodLogs:
    """The last lines of one part."""
    project_id = await _id_of(actor, ports, project)
    return PodLogs(part=part, lines=await ports.runtime.logs(project_id, part, lines))


async def _id_of(actor: Actor, ports: Ports, ref: str) -> UUID:
    """No transaction is held while the runtime is asked."""
    async with ports.scope(write=False) as scope:
        return (await scope.projects.require(actor, ref)).id
