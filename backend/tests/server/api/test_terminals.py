"""A terminal over the browser's WebSocket: who may, what passes, and a viewer that does not keep up."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opm.server.core.actor import Actor
from opm.server.db.models import AuditLog
from opm.wire.terminals import WINDOW_BYTES
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish
from tests.serving import serving


@pytest.fixture
async def room(small_world: World) -> Room:
    return await furnish(small_world)


def opened(room: Room, address: str, actor: Actor | None = None, query: str = "terminal=pty_1", **more: Any) -> connect:
    headers = room.world.bearer(actor or room.owner) | more
    url = f"ws://{address}/api/projects/{room.project.slug}/terminal?{query}"
    return connect(url, additional_headers=headers, compression=None)


async def hear(socket: ClientConnection) -> Any:
    frame = await asyncio.wait_for(socket.recv(), 10)
    return json.loads(frame) if isinstance(frame, str) else frame


async def closed(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(10):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def test_what_is_typed_arrives_and_what_is_said_comes_back(room: Room) -> None:
    shells = room.world.clients.shells[room.project.id]
    shells.say("pty_1", "before")
    async with serving(room.world.app()) as address, opened(room, address, query="terminal=pty_1&cursor=3") as socket:
        assert await hear(socket) == b"ore"
        assert await hear(socket) == {"type": "cursor", "cursor": 6}
        await say(socket, type="input", data="ls\r")
        assert await hear(socket) == b"LS\r"
        await say(socket, type="resize", rows=30, cols=90)
        await say(socket, type="input", data="exit")
        assert await hear(socket) == {"type": "exit"}
        assert await closed(socket) == 1000
    assert shells.sizes["pty_1"] == (30, 90)


async def test_a_viewer_that_shows_nothing_is_given_a_window_and_no_more(room: Room) -> None:
    shells = room.world.clients.shells[room.project.id]
    piece = 32 << 10
    async with serving(room.world.app()) as address, opened(room, address) as socket:
        assert (await hear(socket))["type"] == "cursor"
        for _ in range(20):
            shells.say("pty_1", "x" * piece)
        for _ in range(WINDOW_BYTES // piece):
            assert len(await hear(socket)) == piece
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.3)
        assert shells.lines[0].waiting == 20 - WINDOW_BYTES // piece
        await say(socket, type="ack", bytes=piece)
        assert len(await hear(socket)) == piece


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{}", 1003),
        (b"\0", 1003),
        ('{"type":"resize","rows":501,"cols":1}', 1003),
        ('{"type":"ack","bytes":-1}', 1003),
        (json.dumps({"type": "input", "data": "x" * (64 << 10)}), 1009),
    ],
)
async def test_what_is_not_understood_ends_the_line(room: Room, sent: str | bytes, code: int) -> None:
    async with serving(room.world.app()) as address, opened(room, address) as socket:
        await socket.send(sent)
        assert await closed(socket) == code


async def test_a_stranger_hears_the_same_as_of_a_project_that_is_not_there(room: Room) -> None:
    bob = await room.world.person("bob")
    async with serving(room.world.app()) as address, opened(room, address, bob) as socket:
        assert await hear(socket) == {"type": "error", "message": "There is no such project."}
        assert await closed(socket) == 4404
    assert room.world.clients.shells[room.project.id].lines == []


async def test_an_unknown_terminal_is_told(room: Room) -> None:
    async with serving(room.world.app()) as address, opened(room, address, query="terminal=pty_9") as socket:
        assert (await hear(socket))["type"] == "error"
        assert await closed(socket) == 4404


async def test_a_page_from_elsewhere_is_turned_away(room: Room) -> None:
    async with serving(room.world.app()) as address:
        with pytest.raises(InvalidStatus):
            async with opened(room, address, Origin="http://evil.example"):
                pass


async def test_looking_for_terminals_does_not_start_a_stopped_workspace(room: Room) -> None:
    world = room.world
    other = await world.project(room.owner, "Other")
    await world.do(lambda s: s.workspaces.start(room.owner, other.slug))
    await world.do(lambda s: s.workspaces.stop(room.owner, other.slug))
    before = len(await world.rows(AuditLog))
    path = f"/projects/{other.slug}/terminals"
    app = world.app()
    async with world.client(app, room.owner) as client:
        listed = await client.get(path)
        assert (listed.status_code, listed.json()) == (200, [])
        gone = fault(await client.patch(f"{path}/pty_1", json={"title": "x"}), 404)
        assert gone["details"] == {"reason": "pod_stopped"}
        fault(await client.delete(f"{path}/pty_1"), 404)
        async with serving(app) as address:
            url = f"ws://{address}/api/projects/{other.slug}/terminal?terminal=pty_1"
            async with connect(url, additional_headers=world.bearer(room.owner), compression=None) as socket:
                assert "stopped" in (await hear(socket))["message"]
                assert await closed(socket) == 4404
        assert len(await world.rows(AuditLog)) == before
        starting = fault(await client.post(path, json={}), 503)
        assert starting["details"]["reason"] == "pod_starting"
    assert (await world.rows(AuditLog))[-1].action == "pod.start"


async def test_opening_and_closing_are_written_down(room: Room) -> None:
    world = room.world
    async with world.client(world.app(), room.owner) as client:
        path = f"/projects/{room.project.slug}/terminals"
        made = (await client.post(path, json={"title": "build", "rows": 10, "cols": 20})).json()
        assert (await client.delete(f"{path}/{made['id']}")).status_code == 204
        assert [one["id"] for one in (await client.get(path)).json()] == ["pty_1"]
    lines = [(row.action, row.resource_id) for row in await world.rows(AuditLog) if row.resource_type == "terminal"]
    assert lines == [("terminal.opened", made["id"]), ("terminal.closed", made["id"])]
