"""One's own sign-ins and personal access tokens."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request

from opm.server.api.deps import PageDep, PersonDep, PortsDep, ScopeDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.api.signins import SignIns
from opm.server.core.paging import Page
from opm.server.features.users.schemas import MadeToken, NewToken, OwnSignIn, PersonalToken

router = new_router("/auth", tag="auth", policy=Policy.PERSON)
SignInId = Annotated[UUID, Path(alias="sign_in")]
TokenId = Annotated[UUID, Path(alias="token")]


@router.get("/sign-ins")
async def list_sign_ins(actor: PersonDep, scope: ScopeDep, page: PageDep) -> Page[OwnSignIn]:
    """The browsers you are signed in at, newest first."""
    return await scope.accounts.sign_ins(actor, page)


@router.delete("/sign-ins/{sign_in}", status_code=204)
async def end_sign_in(request: Request, actor: PersonDep, ports: PortsDep, sign_in: SignInId) -> None:
    """Sign that browser out, at once."""
    async with ports.scope() as scope:
        await scope.accounts.end(actor, sign_in)
    SignIns.of(request).forget()


@router.get("/tokens")
async def list_tokens(actor: PersonDep, scope: ScopeDep, page: PageDep) -> Page[PersonalToken]:
    """Your personal access tokens, newest first; never their secrets."""
    return await scope.personal_tokens.mine(actor, page)


@router.post("/tokens", status_code=201)
async def create_token(actor: PersonDep, scope: ScopeDep, body: NewToken) -> MadeToken:
    """Make a token for a program: `Authorization: Bearer opm_pat_...`. Its secret is shown this once."""
    return await scope.personal_tokens.create(actor, body)


@router.delete("/tokens/{token}", status_code=204)
async def delete_token(request: Request, actor: PersonDep, ports: PortsDep, token: TokenId) -> None:
    """End it, at once."""
    async with ports.scope() as scope:
        await scope.personal_tokens.revoke(actor, token)
    SignIns.of(request).forget()
