"""Who may ask for what, declared for every route: no application is built with one undeclared, or declared wrongly.

A policy is a promise; what keeps it is the dependency that stands beside it here. Whether a *particular* project may be
seen is decided in SQL, below, by the services.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.routing import WebSocketRoute

from opm.server.api import deps

KEY = "x-opm-policy"


class Policy(StrEnum):
    PUBLIC = "public"
    """Everybody, also without a sign-in."""
    SIGNED_IN = "signed-in"
    """Everybody who is signed in, about what is their own."""
    OWNER = "owner"
    """The owner of the project in the address; for all others it does not exist."""
    PERSON = "person"
    """A person at a browser or a program that signed in as one; no personal access token."""
    ADMIN = "admin"
    """An administrator, in person."""


_KEPT_BY: dict[Policy, Callable[..., Any] | None] = {
    Policy.PUBLIC: None,
    Policy.SIGNED_IN: deps.get_actor,
    Policy.OWNER: deps.get_actor,
    Policy.PERSON: deps.get_person,
    Policy.ADMIN: deps.get_admin,
}

SOCKETS = {"/api/ws": Policy.SIGNED_IN, "/api/projects/{project}/terminal": Policy.OWNER}
"""WebSockets authenticate in their handlers, because a refusal has to be said in their own way."""


def declared(policy: Policy) -> dict[str, Any]:
    """For `openapi_extra` of a route that differs from its router."""
    return {KEY: str(policy)}


def require_policies(app: FastAPI) -> None:
    """Raises ValueError for a route that nobody thought about."""
    faults = [fault for route in iter_route_contexts(app.routes) for fault in _faults(route)]
    if faults:
        raise ValueError("Routes without a sound policy: " + "; ".join(faults))


def _faults(route: RouteContext) -> Iterator[str]:
    if isinstance(route.original_route, APIRoute):
        yield from _of_operation(route, route.original_route)
    elif isinstance(route.original_route, WebSocketRoute | APIWebSocketRoute) and route.path not in SOCKETS:
        yield f"WebSocket {route.path} declares none"


def _of_operation(where: RouteContext, route: APIRoute) -> Iterator[str]:
    said = (route.openapi_extra or {}).get(KEY)
    if said is None:
        yield f"{where.path} declares none"
        return
    policy = Policy(said)
    asked = set(_calls(route.dependant))
    keeper = _KEPT_BY[policy]
    if keeper is not None and keeper not in asked:
        yield f"{where.path} says {policy} but does not depend on {keeper.__name__}"
    if keeper is None and deps.get_actor in asked:
        yield f"{where.path} says {policy} but asks who it is"
    if (policy is Policy.OWNER) != ("{project}" in (where.path or "")):
        yield f"{where.path} says {policy}, which does not fit its path"


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call is not None:
        yield dependant.call
    for below in dependant.dependencies:
        yield from _calls(below)
