"""The terminal routes: shells by request, and the way to one of them."""

import re
from typing import TypeVar

import msgspec
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from opm.sidecar.app import read_body
from opm.sidecar.errors import Refused, answer
from opm.sidecar.session.shells import Shells
from opm.sidecar.session.tunnel import Tunnel
from opm.wire.terminals import ChangeTerminal, NewTerminal

_LARGEST_BODY = 4 << 10
_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_CURSOR = re.compile(r"0|[1-9][0-9]{0,14}")

Shape = TypeVar("Shape", bound=BaseModel)


def routes() -> list[BaseRoute]:
    return [
        Route("/pty", list_terminals, methods=["GET"]),
        Route("/pty", create_terminal, methods=["POST"]),
        Route("/pty/{id}", change_terminal, methods=["PUT"]),
        Route("/pty/{id}", end_terminal, methods=["DELETE"]),
        WebSocketRoute("/session/{id}/pty/connect", connect),
    ]


async def list_terminals(request: Request) -> Response:
    found = _shells(request).everyone()
    return Response(msgspec.json.encode([one.model_dump() for one in found]), media_type="application/json")


async def create_terminal(request: Request) -> Response:
    made = await _shells(request).create(await _shape(request, NewTerminal))
    return Response(made.model_dump_json(), 201, media_type="application/json")


async def change_terminal(request: Request) -> Response:
    changed = _shells(request).change(_ref(request.path_params["id"]), await _shape(request, ChangeTerminal))
    return Response(changed.model_dump_json(), media_type="application/json")


async def end_terminal(request: Request) -> Response:
    await _shells(request).end(_ref(request.path_params["id"]))
    return Response(status_code=204)


async def connect(websocket: WebSocket) -> None:
    shells: Shells = websocket.state.shells
    try:
        ref, cursor = _asked(websocket)
        shell = shells.require(ref)
    except Refused as refused:
        await websocket.send_denial_response(answer(refused))
        return
    with shell.read(cursor) as reader:
        await websocket.accept()
        await Tunnel(websocket, shell, reader, websocket.state.closing).run()


def _shells(request: Request) -> Shells:
    shells: Shells = request.state.shells
    return shells


def _ref(value: str) -> str:
    if not _ID.fullmatch(value):
        raise Refused(400, "The id in the path is not an identifier.")
    return value


def _asked(websocket: WebSocket) -> tuple[str, int]:
    given = websocket.query_params.multi_items()
    cursor = dict(given).get("cursor", "0")
    if len(given) > 1 or (given and given[0][0] != "cursor") or not _CURSOR.fullmatch(cursor):
        raise Refused(400, "The query allows one cursor, a whole number.")
    return _ref(websocket.path_params["id"]), int(cursor)


async def _shape(request: Request, kind: type[Shape]) -> Shape:
    try:
        return kind.model_validate_json(await read_body(request, _LARGEST_BODY))
    except ValidationError as exc:
        names = sorted({".".join(str(part) for part in error["loc"])[:50] for error in exc.errors()})
        raise Refused(400, "The body does not describe a terminal.", fields=names) from None
