"""What handlers ask for: who is asking, one unit of work, the process's ports, a page.

Write `actor` before `scope` in a handler: they are made in that order, and a stranger then never waits for (or
holds) the turn to write.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import Depends, Query, Request, WebSocket
from starlette.requests import HTTPConnection

from opm.server.api import csrf
from opm.server.api.cookies import CookieNames, shown_cookie
from opm.server.api.origins import own_origins
from opm.server.api.signins import SignIns
from opm.server.api.throttle import counted
from opm.server.core.actor import Actor
from opm.server.core.errors import Forbidden, TooMany, Unauthorized
from opm.server.core.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from opm.server.core.tokens import AccessClaims
from opm.server.core.tokens import Scope as AccessScope
from opm.server.wiring import Ports, Scope

READING = frozenset({"GET", "HEAD"})
SAFE = READING | {"OPTIONS"}

SIGN_IN_AGAIN, NOT_FROM_HERE, TRY_LATER = 4401, 4403, 1013


async def get_ports(connection: HTTPConnection) -> Ports:
    return connection.app.state.ports


PortsDep = Annotated[Ports, Depends(get_ports)]


async def open_scope(request: Request, ports: PortsDep) -> AsyncIterator[Scope]:
    """Committed when the handler has returned and before the answer leaves; rolled back when it raised."""
    async with ports.scope(write=request.method not in READING) as scope:
        request.state.scope = scope
        yield scope


ScopeDep = Annotated[Scope, Depends(open_scope, scope="function")]


def shown_token(connection: HTTPConnection, ports: Ports) -> tuple[str, bool]:
    """The token, and whether a cookie brought it.

    The header wins: one that is wrong is refused, not made good by a cookie. Two of them contradict each other.
    """
    headers = connection.headers.getlist("authorization")
    if not headers:
        return shown_cookie(connection, CookieNames.of(ports.settings).access), True
    scheme, _, token = headers[0].partition(" ")
    return (token.strip() if scheme.lower() == "bearer" and len(headers) == 1 else ""), False


@counted
async def get_claims(connection: HTTPConnection, ports: PortsDep) -> AccessClaims:
    """The verified token of a sign-in that still lives."""
    token, by_cookie = shown_token(connection, ports)
    claims = await SignIns.of(connection).require(token)
    method = connection.scope.get("method", "GET")
    if by_cookie and method not in SAFE:
        shown = connection.headers.get(csrf.HEADER, "")
        if not csrf.is_csrf_token(ports.cipher, claims.auth_session, shown):
            raise Forbidden("This request lacks the token of its page; reload the page and try again.", reason="csrf")
    if claims.scope is AccessScope.READ and method not in SAFE:
        raise Forbidden("This access token may only read.", reason="read_only_token")
    return claims


ClaimsDep = Annotated[AccessClaims, Depends(get_claims)]


async def get_actor(connection: HTTPConnection, claims: ClaimsDep) -> Actor:
    structlog.contextvars.bind_contextvars(user_id=str(claims.user_id))
    return Actor(
        user_id=claims.user_id,
        email=claims.email,
        name=claims.name,
        auth_session=claims.auth_session,
        ip=connection.client.host if connection.client else None,
        user_agent=connection.headers.get("user-agent"),
        request_id=connection.scope.get("request_id"),
    )


async def get_person(actor: Annotated[Actor, Depends(get_actor)], claims: ClaimsDep) -> Actor:
    """Somebody in person: a token that leaked must not be able to make itself at home."""
    if claims.personal:
        raise Forbidden("A personal access token may not do this; sign in.", reason="personal_token")
    return actor


async def get_admin(person: Annotated[Actor, Depends(get_person)], ports: PortsDep) -> Actor:
    async with ports.scope(write=False) as scope:
        await scope.accounts.require_admin(person)
    return person


ActorDep = Annotated[Actor, Depends(get_actor)]
PersonDep = Annotated[Actor, Depends(get_person)]
AdminDep = Annotated[Actor, Depends(get_admin)]


async def get_page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


PageDep = Annotated[PageRequest, Depends(get_page)]


async def authenticate_socket(websocket: WebSocket, ports: Ports, *, changes: bool = False) -> Actor | None:
    """The actor, or None when the socket has been closed here; the caller accepts it otherwise.

    A page from elsewhere is turned away before the handshake. Someone who is not signed in is told so after it,
    because browsers show a close code only of sockets that were open. `changes`: more than reading goes on in it.
    """
    origin = websocket.headers.get("origin")
    if origin is None:
        foreign = "authorization" not in websocket.headers
    else:
        foreign = origin not in own_origins(ports.settings, websocket.headers.get("host", ""))
    if foreign:
        await websocket.close(NOT_FROM_HERE)
        return None
    try:
        claims = await get_claims(websocket, ports)
        if changes and claims.scope is AccessScope.READ:
            await websocket.close(NOT_FROM_HERE)
            return None
        return await get_actor(websocket, claims)
    except Unauthorized:
        await websocket.accept()
        await websocket.close(SIGN_IN_AGAIN, "sign in again")
        return None
    except TooMany as refused:
        await websocket.accept()
        await websocket.close(TRY_LATER, refused.message)
        return None
