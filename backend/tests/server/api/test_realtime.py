"""The WebSocket of a browser, on a real server: who may hear what, resuming, and readers that do not read."""

import asyncio
import json
import socket
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opm.server.api.realtime import Pace
from tests.server.api.live import World, until
from tests.serving import serving

QUICK = Pace(ping=0.05, stuck=0.5)
PATIENT = Pace(ping=30, stuck=30)
MINE, FOREIGN = uuid4(), uuid4()


@pytest.fixture
def world() -> World:
    return mine(World())


def mine(world: World) -> World:
    world.projects.add(str(MINE))
    return world


def opened(world: World, address: str, **more: Any) -> connect:
    headers = {"Authorization": f"Bearer {world.token()}"}
    return connect(f"ws://{address}/ws", additional_headers=headers, compression=None, **more)


async def hear(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def subscribe(socket: ClientConnection, project: UUID = MINE, after: str | None = None) -> list[dict[str, Any]]:
    """Everything up to the answer, pings left out."""
    await socket.send(json.dumps({"type": "subscribe", "project_id": str(project), "after": after}))
    found: list[dict[str, Any]] = []
    while not found or found[-1].get("type") not in {"subscribed", "refused"}:
        message = await hear(socket)
        if message.get("type") != "ping":
            found.append(message)
    return found


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    async with asyncio.timeout(10):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code, socket.close_reason


async def test_a_board_hears_what_happens_in_its_project(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        welcome = await hear(socket)
        assert welcome == {"type": "welcome", "server": world.hub.epoch}
        (subscribed,) = await subscribe(socket)
        assert subscribed["project_id"] == str(MINE)
        await world.tell(MINE, 1)
        event = await hear(socket)
        assert event["event"]["n"] == 1
        assert event.keys() == {"id", "event"}


async def test_two_browsers_hear_the_same(world: World) -> None:
    async with (
        serving(world.app(socket=PATIENT)) as address,
        opened(world, address) as first,
        opened(world, address) as second,
    ):
        for browser in (first, second):
            await hear(browser)
            await subscribe(browser)
        for number in range(50):
            await world.tell(MINE, number)
        heard = [[await hear(browser) for _ in range(50)] for browser in (first, second)]
    assert [message["event"]["n"] for message in heard[0]] == list(range(50))
    assert heard[0] == heard[1]


async def test_coming_back_brings_exactly_what_was_missed(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address:
        async with opened(world, address) as socket:
            await hear(socket)
            await subscribe(socket)
            await world.tell(MINE, 1)
            seen = (await hear(socket))["id"]
        await world.tell(MINE, 2)
        await world.tell(MINE, 3)
        async with opened(world, address) as socket:
            await hear(socket)
            *missed, subscribed = await subscribe(socket, after=seen)
            assert [message["event"]["n"] for message in missed] == [2, 3]
            assert subscribed["id"] == missed[-1]["id"]


async def test_what_another_server_said_cannot_be_continued(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await hear(socket)
        reset, subscribed = await subscribe(socket, after="0123456789ab-7")
        assert (reset["type"], reset["project_id"]) == ("reset", str(MINE))
        assert subscribed["type"] == "subscribed"


async def test_the_project_of_somebody_else_is_refused_like_one_that_is_not_there(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await hear(socket)
        (refused,) = await subscribe(socket, FOREIGN)
        assert refused == {"type": "refused", "project_id": str(FOREIGN)}
        await subscribe(socket)
        await world.tell(FOREIGN, 1)
        await world.tell(MINE, 2)
        assert (await hear(socket))["event"]["n"] == 2


async def test_unsubscribing_ends_the_events(world: World) -> None:
    other = uuid4()
    world.projects.add(str(other))
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await hear(socket)
        await subscribe(socket)
        await socket.send(json.dumps({"type": "unsubscribe", "project_id": str(MINE)}))
        await subscribe(socket, other)
        await world.tell(MINE, 1)
        await world.tell(other, 2)
        assert (await hear(socket))["event"]["n"] == 2


async def test_nobody_follows_without_bound(world: World) -> None:
    many = [uuid4() for _ in range(501)]
    world.projects |= {str(project) for project in many}
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await hear(socket)
        answers = [(await subscribe(socket, project))[-1]["type"] for project in many]
        assert answers == ["subscribed"] * 500 + ["refused"]
        assert (await subscribe(socket, many[0]))[-1]["type"] == "subscribed"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{", 1003),
        ("[]", 1003),
        ('{"type":"dance"}', 1003),
        ('{"type":"subscribe","project_id":"x"}', 1003),
        (b"\x00", 1003),
        ('{"type":"' + "x" * (64 << 10) + '"}', 1009),
    ],
)
async def test_what_is_not_understood_closes_with_a_reason(world: World, said: str | bytes, code: int) -> None:
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await socket.send(said)
        found, reason = await closed(socket)
    assert found == code
    assert reason


async def test_without_a_sign_in_the_socket_closes_with_the_code_for_it(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address:
        async with connect(f"ws://{address}/ws", additional_headers={"Authorization": "Bearer x"}) as socket:
            assert (await closed(socket))[0] == 4401
        async with connect(f"ws://{address}/ws", origin=f"http://{address}") as socket:  # pyright: ignore[reportArgumentType] - Origin is a NewType of str
            assert (await closed(socket))[0] == 4401


async def test_a_page_from_elsewhere_is_turned_away_before_the_handshake(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address:
        with pytest.raises(InvalidStatus) as refused:
            async with opened(world, address, origin="http://evil.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_signing_out_closes_sockets_that_are_open(world: World) -> None:
    async with serving(world.app(socket=QUICK)) as address, opened(world, address) as socket:
        await hear(socket)
        world.sign_out()
        assert (await closed(socket))[0] == 4401


async def test_a_database_that_fails_for_a_moment_signs_nobody_out(world: World) -> None:
    async with serving(world.app(socket=QUICK)) as address, opened(world, address) as socket:
        await hear(socket)
        world.database_down = True
        assert [await hear(socket) for _ in range(6)] == [{"type": "ping"}] * 6
        world.database_down = False
        world.sign_out()
        assert (await closed(socket))[0] == 4401


async def test_a_silent_socket_shows_that_it_lives(world: World) -> None:
    async with serving(world.app(socket=QUICK)) as address, opened(world, address) as socket:
        await hear(socket)
        assert [await hear(socket) for _ in range(3)] == [{"type": "ping"}] * 3


async def test_a_server_that_stops_closes_its_sockets(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address, opened(world, address) as socket:
        await hear(socket)
        world.hub.close()
        assert (await closed(socket))[0] == 1012


async def test_who_falls_behind_is_told_to_resume_and_can(world: World) -> None:
    world = mine(World(backlog=32 << 10))
    async with serving(world.app(socket=PATIENT)) as address:
        async with opened(world, address) as socket:
            await hear(socket)
            (subscribed,) = await subscribe(socket)
            for number in range(100):  # in one go: nothing can be sent in between
                await world.tell(MINE, number, "x" * 1000)
            assert await closed(socket) == (4408, "resume")
        await world.tell(MINE, 100)
        async with opened(world, address) as socket:
            await hear(socket)
            answers = await subscribe(socket, after=subscribed["id"])
            assert answers[0]["type"] == "reset", "more was missed than is kept"


@pytest.mark.parametrize("backlog", [64 << 10, 64 << 20])
async def test_who_does_not_read_is_cut_and_others_do_not_notice(backlog: int) -> None:
    """By what has piled up, or else by the time one send takes."""
    world = mine(World(backlog=backlog))
    async with serving(world.app(socket=QUICK), send_buffer=8192) as address, opened(world, address) as healthy:
        await hear(healthy)
        await subscribe(healthy)
        with closing(await mute(world, address)):
            await until(lambda: world.hub.watching == 2)
            heard: list[int] = []
            for number in range(400):
                await world.tell(MINE, number, "x" * 2000)
                while len(heard) <= number:
                    message = await hear(healthy)
                    heard += [message["event"]["n"]] if "event" in message else []
            assert heard == list(range(400))
            await until(lambda: world.hub.watching == 1)


async def mute(world: World, address: str) -> socket.socket:
    """A browser that subscribes and never reads again."""
    host, _, port = address.partition(":")
    quiet = socket.socket()
    quiet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    quiet.connect((host, int(port)))
    head = (
        f"GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {world.token()}\r\n\r\n"
    )
    request = json.dumps({"type": "subscribe", "project_id": str(MINE)}).encode()
    quiet.sendall(head.encode())
    answer = await asyncio.to_thread(quiet.recv, 12)
    assert answer == b"HTTP/1.1 101"
    # masked with zeros, which is a mask like any other
    quiet.sendall(bytes([0x81, 0x80 | len(request)]) + b"\0\0\0\0" + request)
    return quiet


async def test_too_many_sockets_of_one_person_are_refused() -> None:
    world = mine(World(streams_per_user=2))
    async with serving(world.app(socket=PATIENT)) as address:
        async with opened(world, address) as first, opened(world, address) as second:
            await hear(first)
            await hear(second)
            async with opened(world, address) as third:
                code, reason = await closed(third)
                assert code == 1013
                assert "close some tabs" in (reason or "")
        await until(lambda: world.hub.watching == 0)
        async with opened(world, address) as again:
            assert (await hear(again))["type"] == "welcome"


async def test_churn_leaves_nothing_behind(world: World) -> None:
    async with serving(world.app(socket=PATIENT)) as address:
        tasks = len(asyncio.all_tasks())
        for _ in range(10):
            for quiet in [await mute(world, address) for _ in range(10)]:
                quiet.close()
            async with opened(world, address) as socket:
                await subscribe(socket)
        await until(lambda: world.hub.watching == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        await until(lambda: world.bus.topics == set())
