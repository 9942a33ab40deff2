"""The route of the API: strict about JSON, and able to answer a repeated creating request without doing it again.

A client that got no answer may send the same request once more with the same `Idempotency-Key`: it gets the first
answer. The answer is kept in the unit of work that does the work, so either both are saved or neither is. Where the
work is a pod's, in no unit of ours, the key is taken before it begins: of two at once, one is told to wait.
"""

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from opm.server.api.deps import get_claims, open_scope
from opm.server.api.policies import KEY, Policy
from opm.server.api.strict import check_body
from opm.server.core.errors import Invalid
from opm.server.features.users.kept import KeptAnswer
from opm.server.wiring import Ports

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_CREATING = frozenset({201, 202})
_MARK = "_opm_creates"
_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Chosen by the client, once per wish. A repetition within 24 hours gets the first answer again, "
    "marked `Idempotency-Replayed: true`; the same key with another request is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def creates(endpoint: Endpoint) -> Endpoint:
    """For what makes something although its status does not say so."""
    setattr(endpoint, _MARK, True)
    return endpoint


class Route(APIRoute):
    policy: Policy | None = None
    """Of the router; a route that differs says so itself."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        extra: dict[str, Any] = ({KEY: str(self.policy)} if self.policy else {}) | (options.get("openapi_extra") or {})
        says_so = options.get("status_code") in _CREATING or hasattr(endpoint, _MARK)
        self.creating = "POST" in (options.get("methods") or ()) and says_so
        if self.creating:
            extra["parameters"] = [_PARAMETER]
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        if self.creating:
            handle = _once(handle) if _asks_for(self.dependant, open_scope) else _once_elsewhere(handle)

        async def strict(request: Request) -> Response:
            await check_body(request)
            return await handle(request)

        return strict


def new_router(prefix: str = "", *, tag: str, policy: Policy | None = None) -> APIRouter:
    """`policy` of all its routes but those that declare another."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=type("PolicedRoute", (Route,), {"policy": policy}))


def _asks_for(dependant: Dependant, what: Callable[..., Any]) -> bool:
    return any(each.call is what or _asks_for(each, what) for each in dependant.dependencies)


def _once(handle: Handler) -> Handler:
    """The work and the memory of its answer are one unit of work."""

    async def once(request: Request) -> Response:
        if "idempotency-key" not in request.headers:
            return await handle(request)
        ports: Ports = request.app.state.ports
        wish = await _wish(request, ports)
        async with ports.scope(write=False) as scope:
            kept = await scope.repeats.find(*wish)
        if kept is not None:
            return _replayed(kept)
        response = await handle(request)
        await request.state.scope.repeats.keep(*wish, _kept(response))
        return response

    return once


def _once_elsewhere(handle: Handler) -> Handler:
    """The work is done by others: the key is taken first, and given back when the work was refused or failed."""

    async def once(request: Request) -> Response:
        if "idempotency-key" not in request.headers:
            return await handle(request)
        ports: Ports = request.app.state.ports
        wish = await _wish(request, ports)
        async with ports.scope() as scope:
            kept = await scope.repeats.reserve(*wish)
        if kept is not None:
            return _replayed(kept)
        try:
            response = await handle(request)
        except Exception:
            async with ports.scope() as scope:
                await scope.repeats.release(*wish)
            raise
        async with ports.scope() as scope:
            await scope.repeats.complete(*wish, _kept(response))
        return response

    return once


async def _wish(request: Request, ports: Ports) -> tuple[UUID, str, str]:
    """Whose it is, its key, and what is asked."""
    key = request.headers["idempotency-key"]
    if not 0 < len(key) <= 255 or not all("!" <= char <= "~" for char in key):
        raise Invalid("An Idempotency-Key is 1 to 255 visible ASCII characters.", field="Idempotency-Key")
    return (await get_claims(request, ports)).user_id, key, await _fingerprint(request)


def _kept(response: Response) -> KeptAnswer:
    return KeptAnswer(
        status=response.status_code,
        content_type=response.headers.get("content-type"),
        body=_without_secret(bytes(response.body)).decode(),
    )


def _replayed(kept: KeptAnswer) -> Response:
    return Response(kept.body, kept.status, {"Idempotency-Replayed": "true"}, media_type=kept.content_type or None)


def _without_secret(body: bytes) -> bytes:
    """What is shown once is not kept to be shown again."""
    said = json.loads(body) if b'"secret"' in body else None
    return json.dumps(said | {"secret": None}).encode() if isinstance(said, dict) and "secret" in said else body


async def _fingerprint(request: Request) -> str:
    """Of what is asked: method, address and body."""
    asked = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    asked.update(await request.body())
    return asked.hexdigest()
