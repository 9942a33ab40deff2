"""For administrators: who there is, and who may not come in. Their projects and keys are not shown to anybody."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request

from opm.server.api.deps import AdminDep, PageDep, PortsDep, ScopeDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.api.signins import SignIns
from opm.server.core.paging import Page
from opm.server.features.users.schemas import Person, PersonPatch

router = new_router("/users", tag="people", policy=Policy.ADMIN)
PersonId = Annotated[UUID, Path(alias="user")]


@router.get("")
async def list_people(
    actor: AdminDep, scope: ScopeDep, page: PageDep, q: Annotated[str | None, Query(max_length=200)] = None
) -> Page[Person]:
    """Everybody who ever signed in, newest first; `q` finds names and addresses."""
    return await scope.accounts.people(q, page)


@router.patch("/{user}")
async def update_person(
    request: Request, actor: AdminDep, ports: PortsDep, user: PersonId, body: PersonPatch
) -> Person:
    """Shut somebody out, with all they are signed in with, or let them in again."""
    async with ports.scope() as scope:
        person = await scope.accounts.patch(actor, user, body)
    SignIns.of(request).forget()
    return person


@router.post("/{user}/sign-out", status_code=204)
async def sign_person_out(request: Request, actor: AdminDep, ports: PortsDep, user: PersonId) -> None:
    """End all sign-ins and tokens of somebody, who may sign in again."""
    async with ports.scope() as scope:
        await scope.accounts.sign_out(actor, user)
    SignIns.of(request).forget()
