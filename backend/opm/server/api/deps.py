"""What handlers ask for: who is asking, one unit of work, the process's ports, a page.

Write `actor` before `scope` in a handler: they are made in that order, and a stranger then never waits for (or
holds) the turn to write.
"""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Query, Request, WebSocket
from starlette.requests import HTTPConnection

from opm.server.api.cookies import CookieNames
from opm.server.api.origins import own_origins
from opm.server.api.signins import SignIns
from opm.server.api.throttle import counted
from opm.server.core.actor import Actor
from opm.server.core.errors import TooMany, Unauthorized
from opm.server.core.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from opm.server.core.tokens import AccessClaims
from opm.server.wiring import Ports, Scope

READING = frozenset({"GET", "HEAD"})

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


def shown_token(connection: HTTPConnection, ports: Ports) -> str:
    """The header wins: one that is wrong is refused, not made good by a cookie."""
    header = connection.headers.get("authorization")
    if header is None:
        return connection.cookies.get(CookieNames.of(ports.settings).access, "")
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@counted
async def get_claims(connection: HTTPConnection, ports: PortsDep) -> AccessClaims:
    """The verified token of a sign-in that still lives."""
    return await SignIns.of(connection, ports).require(shown_token(connection, ports))


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


ActorDep = Annotated[Actor, Depends(get_actor)]


async def get_page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


PageDep = Annotated[PageRequest, Depends(get_page)]


async def authenticate_socket(websocket: WebSocket, ports: Ports) -> Actor | None:
    """The actor, or None when the socket has been closed here; the caller accepts it otherwise.

    A page from elsewhere is turned away before the handshake. Someone who is not signed in is told so after it,
    because browsers show a close code only of sockets that were open.
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
        return await get_actor(websocket, await get_claims(websocket, ports))
    except Unauthorized:
        await websocket.accept()
        await websocket.close(SIGN_IN_AGAIN, "sign in again")
        return None
    except TooMany as refused:
        await websocket.accept()
        await websocket.close(TRY_LATER, refused.message)
        return None


async def is_still_signed_in(ports: Ports, user_id: UUID, auth_session: UUID | None) -> bool:
    """For streams and sockets, which outlive the check they were opened with."""
    async with ports.scope(write=False) as scope:
        return auth_session is not None and await scope.users.is_live(user_id, auth_session)
