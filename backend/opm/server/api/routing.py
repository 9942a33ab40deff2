"""The route of the API: strict about JSON, and able to answer a repeated creating request without doing it again.

A client that got no answer may send the same request once more with the same `Idempotency-Key`: it gets the first
answer. The answer is kept in the unit of work that does the work, so either both are saved or neither is.
"""

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from opm.server.api.deps import get_claims
from opm.server.api.policies import KEY, Policy
from opm.server.api.strict import check_body
from opm.server.core.errors import Invalid
from opm.server.features.users.schemas import KeptAnswer
from opm.server.wiring import Ports

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_CREATING = frozenset({201, 202})
_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Chosen by the client, once per wish. A repetition within 24 hours gets the first answer again, "
    "marked `Idempotency-Replayed: true`; the same key with another request is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


class Route(APIRoute):
    policy: Policy | None = None
    """Of the router; a route that differs says so itself."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.creating = "POST" in (options.get("methods") or ()) and options.get("status_code") in _CREATING
        extra: dict[str, Any] = ({KEY: str(self.policy)} if self.policy else {}) | (options.get("openapi_extra") or {})
        if self.creating:
            extra["parameters"] = [_PARAMETER]
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        if self.creating:
            handle = _once(handle)

        async def strict(request: Request) -> Response:
            await check_body(request)
            return await handle(request)

        return strict


def new_router(prefix: str = "", *, tag: str, policy: Policy | None = None) -> APIRouter:
    """`policy` of all its routes but those that declare another."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=type("PolicedRoute", (Route,), {"policy": policy}))


def _once(handle: Handler) -> Handler:
    async def once(request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key is None:
            return await handle(request)
        if not 0 < len(key) <= 255 or not all("!" <= char <= "~" for char in key):
            raise Invalid("An Idempotency-Key is 1 to 255 visible ASCII characters.", field="Idempotency-Key")
        ports: Ports = request.app.state.ports
        user = (await get_claims(request, ports)).user_id
        fingerprint = await _fingerprint(request)
        async with ports.scope(write=False) as scope:
            kept = await scope.repeats.find(user, key, fingerprint)
        if kept is not None:
            return Response(
                kept.body, kept.status, {"Idempotency-Replayed": "true"}, media_type=kept.content_type or None
            )
        response = await handle(request)
        kept = KeptAnswer(
            status=response.status_code,
            content_type=response.headers.get("content-type"),
            body=_without_secret(bytes(response.body)).decode(),
        )
        open_scope = getattr(request.state, "scope", None)
        if open_scope is not None:
            await open_scope.repeats.keep(user, key, fingerprint, kept)
        else:
            # the work was done elsewhere, in no unit of ours: what remains is to remember it
            async with ports.scope() as scope:
                await scope.repeats.keep(user, key, fingerprint, kept)
        return response

    return once


def _without_secret(body: bytes) -> bytes:
    """What is shown once is not kept to be shown again."""
    said = json.loads(body) if b'"secret"' in body else None
    return json.dumps(said | {"secret": None}).encode() if isinstance(said, dict) and "secret" in said else body


async def _fingerprint(request: Request) -> str:
    """Of what is asked: method, address and body."""
    asked = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    asked.update(await request.body())
    return asked.hexdigest()
