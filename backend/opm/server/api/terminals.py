"""Terminals in the workspace: opened and closed by request, used through a WebSocket of their own."""

import asyncio
import contextlib
import time
from typing import Annotated, Literal

from fastapi import Path, Query, Response, WebSocket
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocketDisconnect

from opm.server.api.deps import SIGN_IN_AGAIN, ActorDep, PortsDep, authenticate_socket
from opm.server.api.pods import OpenTerminalsDep, TerminalsDep, get_open_terminals
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.api.vigil import Vigil
from opm.server.clients.base import TerminalClient, TerminalLine
from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound, OpmError
from opm.server.wiring import Ports
from opm.wire.terminals import (
    LARGEST_INPUT,
    WINDOW_BYTES,
    ChangeTerminal,
    NewTerminal,
    Size,
    Terminal,
    TerminalControl,
)

router = new_router("/projects/{project}", tag="terminals", policy=Policy.OWNER)
_FORM = r"^[A-Za-z0-9_]{1,200}$"
Ref = Annotated[str, Path(alias="terminal", pattern=_FORM)]

_NOT_UNDERSTOOD, _TOO_BIG, _RESTARTING, _TRY_LATER = 1003, 1009, 1012, 1013
NOT_THERE = 4404
CHECK_SECONDS = 30.0


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Input(_Said):
    type: Literal["input"]
    data: str


class _Reply(_Said):
    """What the browser's terminal answers by itself; heard of one viewer only."""

    type: Literal["reply"]
    data: str


class _Resize(_Said):
    type: Literal["resize"]
    rows: Size
    cols: Size


class _Ack(_Said):
    type: Literal["ack"]
    bytes: Annotated[int, Field(ge=0)]


_Request = _Input | _Reply | _Resize | _Ack
_request = TypeAdapter[_Request](Annotated[_Request, Field(discriminator="type")])


@router.get("/terminals")
async def list_terminals(terminals: OpenTerminalsDep, project: str) -> list[Terminal]:
    """The open terminals, none while the workspace is stopped; everyone who may see the project shares them."""
    return await terminals.everyone() if terminals else []


@router.post("/terminals", status_code=201)
async def create_terminal(
    terminals: TerminalsDep, actor: ActorDep, ports: PortsDep, project: str, body: NewTerminal
) -> Terminal:
    """A shell in the workspace, which is started for it; at most ten are open at once."""
    made = await terminals.create(body)
    async with ports.scope() as scope:
        scope.workspaces.terminal_opened(actor, await scope.projects.require(actor, project), made.id)
    return made


@router.patch("/terminals/{terminal}")
async def update_terminal(terminals: OpenTerminalsDep, project: str, ref: Ref, body: ChangeTerminal) -> Terminal:
    """Its title, or its rows and columns, which are changed together."""
    return await _there(terminals).change(ref, body)


@router.delete("/terminals/{terminal}", status_code=204)
async def close_terminal(
    terminals: OpenTerminalsDep, actor: ActorDep, ports: PortsDep, project: str, ref: Ref
) -> Response:
    """Ends its shell and what that has started."""
    await _there(terminals).end(ref)
    async with ports.scope() as scope:
        scope.workspaces.terminal_closed(actor, await scope.projects.require(actor, project), ref)
    return Response(status_code=204)


@router.websocket("/terminal")
async def use_terminal(
    websocket: WebSocket,
    ports: PortsDep,
    project: str,
    terminal: Annotated[str, Query(pattern=_FORM)],
    cursor: Annotated[int, Query(ge=0, le=10**15)] = 0,
) -> None:
    actor = await authenticate_socket(websocket, ports, changes=True)
    if actor is None:
        return
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        try:
            async with ports.scope(write=False) as scope:
                project_id = (await scope.projects.require(actor, project)).id
            with (
                ports.hub.seat(actor.user_id, ports.settings.limits, project_id),
                Vigil.of(websocket).over(actor) as ended,
            ):
                client = _there(await get_open_terminals(actor, ports, project))
                async with client.connect(terminal, cursor) as line:
                    await _Viewer(websocket, ports, actor, project).run(client, terminal, line, ended)
        except OpmError as error:
            await websocket.send_text(_told(TerminalControl(type="error", message=error.message)))
            await websocket.close(NOT_THERE if isinstance(error, NotFound) else _TRY_LATER, error.message[:100])


class _Viewer:
    def __init__(self, websocket: WebSocket, ports: Ports, actor: Actor, project: str) -> None:
        self._websocket = websocket
        self._ports = ports
        self._actor = actor
        self._project = project
        self._unacknowledged = 0
        self._room = asyncio.Event()
        self._room.set()
        self._used = True

    async def run(self, client: TerminalClient, ref: str, line: TerminalLine, ended: asyncio.Event) -> None:
        """Until the first of the four has a reason to end."""
        parts = (self._speak(line), self._listen(client, ref, line), self._watch(), _shut_out(ended))
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        code, reason = done.pop().result()
        if code:
            await self._websocket.close(code, reason)

    async def _speak(self, line: TerminalLine) -> tuple[int, str]:
        """Nothing more is read while the browser has not shown what it was given; the pod leaves out what is old."""
        ended = False
        while True:
            await self._room.wait()
            frame = await line.receive()
            if frame is None:
                return (1000, "the shell has ended") if ended else (_RESTARTING, "the pod ended the connection")
            if isinstance(frame, str):
                ended = TerminalControl.model_validate_json(frame).type == "exit"
                await self._websocket.send_text(frame)
                continue
            self._used = True
            self._unacknowledged += len(frame)
            if self._unacknowledged >= WINDOW_BYTES:
                self._room.clear()
            await self._websocket.send_bytes(frame)

    async def _listen(self, client: TerminalClient, ref: str, line: TerminalLine) -> tuple[int, str]:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return 0, ""
            text = message.get("text") or ""
            if len(text) > LARGEST_INPUT:
                return _TOO_BIG, "at most 64 KiB at a time"
            try:
                said = _request.validate_json(text)
            except ValidationError:
                return _NOT_UNDERSTOOD, "this is not a request that is known here"
            if isinstance(said, _Input):
                self._used = True
                await line.send(said.data)
            elif isinstance(said, _Reply):
                await line.send(said.data, reply=True)
            elif isinstance(said, _Resize):
                await client.change(ref, ChangeTerminal(rows=said.rows, cols=said.cols))
            else:
                self._unacknowledged = max(0, self._unacknowledged - said.bytes)
                if self._unacknowledged < WINDOW_BYTES:
                    self._room.set()

    async def _watch(self) -> tuple[int, str]:
        """May this person still, and is the terminal in use, which keeps the pod from being stopped as idle."""
        checked = time.monotonic()
        while not self._ports.hub.closed:
            await asyncio.sleep(1)
            if time.monotonic() - checked < CHECK_SECONDS:
                continue
            checked = time.monotonic()
            async with self._ports.scope(write=self._used) as scope:
                found = await scope.projects.require(self._actor, self._project)
                if self._used:
                    await scope.workspaces.used(found.id)
            self._used = False
        return _RESTARTING, "the server stops"


async def _shut_out(ended: asyncio.Event) -> tuple[int, str]:
    await ended.wait()
    return SIGN_IN_AGAIN, "sign in again"


def _there(terminals: TerminalClient | None) -> TerminalClient:
    if terminals is None:
        raise NotFound("The workspace is stopped, and its terminals have ended.", reason="pod_stopped")
    return terminals


def _told(control: TerminalControl) -> str:
    return control.model_dump_json(exclude_none=True)
