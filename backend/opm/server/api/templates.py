"""Templates for the text of cards."""

from uuid import UUID

from fastapi import Response

from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.core.paging import Page
from opm.server.features.tasks.templates import NewTemplate, Template, TemplatePatch

router = new_router("/projects/{project}/templates", tag="tasks", policy=Policy.OWNER)


@router.get("")
async def list_templates(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[Template]:
    """Texts to begin a card with."""
    return await scope.templates.page(actor, project, page)


@router.post("", status_code=201)
async def create_template(actor: ActorDep, scope: ScopeDep, project: str, body: NewTemplate) -> Template:
    """A name is used once in a project."""
    return await scope.templates.create(actor, project, body)


@router.patch("/{template}")
async def update_template(
    actor: ActorDep, scope: ScopeDep, project: str, template: UUID, body: TemplatePatch
) -> Template:
    """What is not named stays as it is."""
    return await scope.templates.patch(actor, project, template, body)


@router.delete("/{template}", status_code=204)
async def delete_template(actor: ActorDep, scope: ScopeDep, project: str, template: UUID) -> Response:
    """Cards made from it stay."""
    await scope.templates.delete(actor, project, template)
    return Response(status_code=204)
