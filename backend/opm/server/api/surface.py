"""Every route there is, put together once however many applications a process builds."""

import functools

from fastapi import APIRouter
from fastapi.routing import APIRoute

from opm.server.api import (
    account,
    audit,
    auth,
    configs,
    errors,
    files,
    health,
    interactions,
    oidc,
    people,
    projects,
    realtime,
    reference,
    resources,
    runs,
    sessions,
    tasks,
    templates,
    terminals,
    transcripts,
)


@functools.cache
def surface() -> APIRouter:
    """A route is bound to no application, and what FastAPI works out for all of them takes a fifth of a second."""
    routes = APIRouter(generate_unique_id_function=_operation_id, responses=errors.RESPONSES)
    for module in (
        auth,
        oidc,
        account,
        people,
        projects,
        resources,
        tasks,
        templates,
        runs,
        sessions,
        transcripts,
        interactions,
        files,
        configs,
        audit,
        terminals,
        realtime,
        health,
        reference,
    ):
        routes.include_router(module.router, prefix="/api")
    return routes


def _operation_id(route: APIRoute) -> str:
    return route.name
