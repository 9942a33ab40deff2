"""What of OpenCode may be reached through the proxy: this table, and nothing that is not in it.

Left out on purpose: everything that changes OpenCode's configuration, credentials or version, its shell and
file routes, and every ``directory`` but the pod's workspace.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from opm.sidecar.app import json_answer, read_body
from opm.sidecar.errors import Refused
from opm.sidecar.session import catalogue, terminal
from opm.sidecar.session.events import EventStream
from opm.sidecar.session.upstream import CURSOR, OpenCode, unavailable

_LARGEST_BODY = 1 << 20
_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_CURSOR = re.compile(r"[A-Za-z0-9_=-]{1,500}")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Relay:
    """``keys`` None: the request has no body. ``query``: the names allowed, each with the form of its value."""

    method: str
    path: str
    upstream: str = ""
    keys: frozenset[str] | None = None
    query: dict[str, re.Pattern[str]] = field(default_factory=dict[str, re.Pattern[str]])


RELAYS = (
    Relay("GET", "/session", query={"limit": _COUNT, "roots": re.compile("true|false")}),
    Relay("POST", "/session", keys=frozenset({"title", "permission", "agent", "model", "parentID"})),
    Relay("GET", "/session/{id}"),
    Relay("GET", "/session/{id}/message", query={"limit": _COUNT, "before": _CURSOR}),
    Relay("GET", "/session/{id}/message/{message}"),
    Relay(
        "POST",
        "/session/{id}/prompt",
        "/session/{id}/prompt_async",
        keys=frozenset({"parts", "agent", "model", "system", "messageID", "tools"}),
    ),
    Relay("POST", "/session/{id}/abort"),
    Relay("GET", "/session/{id}/diff", query={"messageID": _ID}),
    Relay("GET", "/session/{id}/todo"),
    Relay("GET", "/session/{id}/children"),
    Relay("GET", "/status", "/session/status"),
    Relay("GET", "/permission"),
    Relay("POST", "/permission/{id}/reply", keys=frozenset({"reply", "message"})),
    Relay("GET", "/question"),
    Relay("POST", "/question/{id}/reply", keys=frozenset({"answers"})),
    Relay("POST", "/question/{id}/reject"),
    Relay("GET", "/vcs/diff", query={"mode": re.compile("git")}),
    Relay("POST", "/dispose", "/global/dispose"),
)


def routes() -> list[BaseRoute]:
    return [
        *(Route(relay.path, _endpoint(relay), methods=[relay.method]) for relay in RELAYS),
        Route("/health/opencode", health),
        Route("/ready", ready),
        Route("/models", models),
        Route("/events", events),
        Route("/session/{id}/events", session_events),
        *terminal.routes(),
    ]


async def health(request: Request) -> Response:
    """For who looks after the pod: OpenCode listens where nobody else gets to."""
    if await _opencode(request).health() is None:
        raise unavailable()
    return PlainTextResponse("ok")


async def ready(request: Request) -> Response:
    version = await _opencode(request).health()
    if version is None:
        raise unavailable()
    return json_answer({"ready": True, "version": version})


async def models(request: Request) -> Response:
    found = await _opencode(request).call("GET", "/provider")
    return json_answer(catalogue.reduce(found.body))


async def events(request: Request) -> Response:
    return await EventStream.open(_opencode(request), request.state.workspace, request.state.closing)


async def session_events(request: Request) -> Response:
    root = _ids(request)["id"]
    return await EventStream.open(_opencode(request), request.state.workspace, request.state.closing, root=root)


def _endpoint(relay: Relay) -> Callable[[Request], Awaitable[Response]]:
    upstream = relay.upstream or relay.path

    async def pass_on(request: Request) -> Response:
        path = upstream.format_map(_ids(request))
        query = _query(request, relay)
        body = _body(await read_body(request, _LARGEST_BODY), relay)
        got = await _opencode(request).call(relay.method, path, query, body)
        headers = {CURSOR: got.cursor} if got.cursor else None
        return Response(got.body, got.status, headers, media_type="application/json" if got.body else None)

    return pass_on


def _opencode(request: Request) -> OpenCode:
    opencode: OpenCode = request.state.opencode
    return opencode


def _ids(request: Request) -> dict[str, str]:
    found: dict[str, str] = request.path_params
    for name, value in found.items():
        if not _ID.fullmatch(value):
            raise Refused(400, f"The {name} in the path is not an identifier.")
    return {name: quote(value, safe="") for name, value in found.items()}


def _query(request: Request, relay: Relay) -> dict[str, str]:
    given = request.query_params.multi_items()
    for name, value in given:
        form = relay.query.get(name)
        if form is None or not form.fullmatch(value):
            raise Refused(400, f"The query does not allow this {name[:50]!r}.")
    if len(given) != len(dict(given)):
        raise Refused(400, "The query names something twice.")
    return dict(given)


def _body(body: bytes, relay: Relay) -> bytes | None:
    """Decoded and encoded again, so that what was checked and what OpenCode reads cannot differ."""
    if relay.keys is None:
        if body and body != b"{}":
            raise Refused(400, "This request takes no body.")
        return None
    try:
        content: dict[str, Any] = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refused(400, "The body is not a JSON object.") from None
    unknown = sorted(content.keys() - relay.keys)
    if unknown:
        raise Refused(400, "The body has keys that are not allowed.", unknown=[key[:50] for key in unknown[:20]])
    return msgspec.json.encode(content)
