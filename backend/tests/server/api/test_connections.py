"""Slow and endless clients on real sockets: each is cut in its time, and nobody else notices."""

import asyncio
import contextlib
import json
import resource
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.responses import StreamingResponse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opm.server.api import errors, middleware
from opm.server.api.connections import LONGEST_HEAD
from opm.server.api.doorkeeper import Doorkeeper
from opm.server.core.metrics import Metrics
from opm.server.core.settings import LimitSettings, Settings
from tests.serving import serving

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PIECE = b"x" * 65_536


def application(settings: Settings) -> FastAPI:
    app = FastAPI()
    app.state.given = []
    app.state.ports = SimpleNamespace(metrics=Metrics())
    errors.install(app)
    middleware.install(app, settings)

    @app.get("/api/hello")
    async def hello() -> str:
        return "hello"

    @app.post("/api/bodies")
    async def bodies(request: Request) -> int:
        return len(await request.body())

    @app.get("/api/large")
    async def large(pieces: int) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(pieces):
                app.state.given.append(number)
                yield PIECE

        return StreamingResponse(parts())

    @app.websocket("/api/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(Exception):
            while True:
                await websocket.send_text(str(len(await websocket.receive_text())))

    return app


@contextlib.asynccontextmanager
async def served(**limits: Any) -> AsyncIterator[tuple[FastAPI, str]]:
    settings = Settings(limits=LimitSettings(**limits))
    app = application(settings)
    async with serving(app, settings=settings, send_buffer=8192) as address:
        yield app, address


async def opened(address: str, said: bytes = b"", *, limit: int = 2**16) -> Streams:
    host, _, port = address.partition(":")
    streams = await asyncio.open_connection(host, int(port), limit=limit)
    streams[1].write(said)
    return streams


def request(address: str, line: str, *headers: str) -> bytes:
    return "\r\n".join((f"{line} HTTP/1.1", f"Host: {address}", "Authorization: Bearer x", *headers, "", "")).encode()


async def rest_of(streams: Streams, seconds: float = 10) -> bytes:
    """What comes until the connection ends, which has to happen in time."""
    said = b""
    try:
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionError):
                while piece := await streams[0].read(65_536):
                    said += piece
    finally:
        streams[1].close()
    return said


def told(answer: bytes) -> Any:
    """The error in an answer, whose form is checked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert set(error) == {"type", "message", "status", "details", "request_id"}
    assert int(head.split(b" ")[1]) == error["status"]
    assert b"connection: close" in head.lower()
    return error


async def healthy(address: str, times: int = 20) -> float:
    """The longest of some ordinary requests."""
    longest = 0.0
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
        for _ in range(times):
            began = time.perf_counter()
            assert (await client.get("/api/hello")).json() == "hello"
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(0.02)
    return longest


async def test_a_hundred_slow_heads_stop_nobody_and_end_in_time() -> None:
    async with served(header_timeout=1.5, connections_per_address=150) as (_, address):
        began = time.monotonic()
        slow = [await opened(address, b"GET /api/hello HTTP/1.1\r\nX-A: ") for _ in range(100)]

        async def drip(streams: Streams) -> float:
            async def drops() -> None:
                with contextlib.suppress(ConnectionError):
                    while True:
                        streams[1].write(b"b")
                        await asyncio.sleep(0.2)

            task = asyncio.create_task(drops())
            assert told(await rest_of(streams))["status"] == 408
            task.cancel()
            return time.monotonic() - began

        ends = asyncio.gather(*(drip(streams) for streams in slow))
        assert await healthy(address) < 1
        assert max(await ends) < 6, "dripping does not buy time"


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"],
    ids=["nothing", "an empty line", "a word", "no end of the head"],
)
async def test_whatever_is_missing_of_a_head_is_waited_for_so_long(said: bytes) -> None:
    async with served(header_timeout=0.5) as (_, address):
        began = time.monotonic()
        await rest_of(await opened(address, said))
        assert 0.4 < time.monotonic() - began < 4


async def test_between_requests_empty_lines_do_not_keep_a_connection() -> None:
    async with served(header_timeout=0.5) as (_, address):
        streams = await opened(address, request(address, "GET /api/hello"))
        assert b"200" in await streams[0].readline()

        async def lines() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    streams[1].write(b"\r\n")
                    await asyncio.sleep(0.1)

        task = asyncio.create_task(lines())
        await rest_of(streams, 5)
        task.cancel()


async def test_a_connection_serves_many_requests_with_pauses_shorter_than_patience() -> None:
    async with served(header_timeout=0.5) as (_, address):
        streams = await opened(address)
        for _ in range(4):
            streams[1].write(request(address, "GET /api/hello"))
            head = await streams[0].readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await streams[0].readexactly(7) == b'"hello"'
            await asyncio.sleep(0.7)
        streams[1].close()


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX-A: ", b"GET /", b"GET / HTTP/1.1\r\nX-A: 1\r\n"])
async def test_a_head_without_end_is_cut_before_it_is_gathered(start: bytes) -> None:
    async with served() as (_, address):
        streams = await opened(address, start)
        began, sent = time.monotonic(), 0
        piece = b"Y-B: " + b"b" * 4000 + b"\r\n" if start.endswith(b"\n") else b"b" * 4000
        with contextlib.suppress(ConnectionError):
            while not streams[1].is_closing() and time.monotonic() - began < 5:
                streams[1].write(piece)
                sent += len(piece)
                await streams[1].drain()
                await asyncio.sleep(0)
        answer = await rest_of(streams)
        assert sent < LONGEST_HEAD + 4 * 2**20, "what was sent after the cut went into buffers of the system"
        if answer:  # the answer may be lost where the other side is still sending
            assert told(answer)["status"] in {431, 400}


async def test_trailers_without_end_are_cut() -> None:
    async with served() as (_, address):
        start = request(address, "POST /api/bodies", "Content-Type: application/json", "Transfer-Encoding: chunked")
        streams = await opened(address, start + b"2\r\n{}\r\n0\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                streams[1].write(b"X-T: " + b"t" * 4000 + b"\r\n")
                await streams[1].drain()
                await asyncio.sleep(0)
        await rest_of(streams, 3)


async def test_requests_in_advance_are_taken_in_moderation() -> None:
    async with served() as (_, address):
        few = await opened(address, request(address, "GET /api/hello") * 5)
        for _ in range(5):
            assert (await few[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await few[0].readexactly(7)
        few[1].close()
        many = await opened(address, request(address, "GET /api/hello") * 2000)
        assert (await rest_of(many, 5)).count(b"HTTP/1.1 200") < 100


async def test_a_body_that_stops_is_given_up_and_one_that_goes_on_is_not() -> None:
    async with served(body_timeout=0.6) as (_, address):
        head = request(address, "POST /api/bodies", "Content-Type: application/json", "Content-Length: 10")
        began = time.monotonic()
        stopped = await opened(address, head + b"1234")
        assert told(await rest_of(stopped))["status"] == 408
        assert 0.5 < time.monotonic() - began < 4
        going = await opened(address, head)
        for _ in range(5):
            going[1].write(b"12")
            await asyncio.sleep(0.3)
        assert (await going[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        going[1].close()


async def test_connections_are_counted_by_address_and_in_all() -> None:
    async with served(connections=6, connections_per_address=4) as (_, address):
        held = [await opened(address) for _ in range(4)]
        await asyncio.sleep(0.1)
        refused = await rest_of(await opened(address))
        assert told(refused)["type"] == "SERVICE_UNAVAILABLE"
        assert b"retry-after: " in refused
        held.pop()[1].close()
        await asyncio.sleep(0.1)
        assert await healthy(address, 1) < 2, "one left, one may come"
        for streams in held:
            streams[1].close()


async def test_a_socket_keeps_its_place_until_it_ends() -> None:
    async with served(connections_per_address=2) as (_, address):
        headers = {"Authorization": "Bearer x"}
        async with connect(f"ws://{address}/api/echo", additional_headers=headers) as socket:
            await socket.send("abc")
            assert await socket.recv() == "3"
            async with connect(f"ws://{address}/api/echo", additional_headers=headers):
                with pytest.raises((InvalidStatus, ConnectionError)):
                    await connect(f"ws://{address}/api/echo", additional_headers=headers)
        await asyncio.sleep(0.2)
        assert await healthy(address, 1) < 2


def test_a_proxy_of_this_machine_is_not_taken_for_one_address() -> None:
    limits = LimitSettings(connections=5, connections_per_address=2)
    behind, bare = Doorkeeper(limits, proxied=True), Doorkeeper(limits)
    assert [behind.enter("127.0.0.1") is not None for _ in range(6)] == [True] * 5 + [False]
    assert [bare.enter("127.0.0.1") is not None for _ in range(3)] == [True, True, False]
    left = bare.enter("2001:db8::1")
    assert left is not None
    left()
    assert bare.open == 2


async def test_a_download_that_nobody_reads_ends_and_takes_little_memory() -> None:
    """Twenty of 64 MiB each, of which nothing is read, beside one that is."""
    pieces = 1024
    async with served(reader_timeout=1.5) as (app, address):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        asked = request(address, f"GET /api/large?pieces={pieces}")
        began = time.monotonic()
        mute = [await opened(address, asked, limit=1024) for _ in range(20)]
        await asyncio.sleep(0.5)
        handed_out = len(app.state.given)
        assert handed_out < 20 * 200, "what is not read is not made"
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            whole = await client.get(f"/api/large?pieces={pieces // 8}")
        assert len(whole.content) == pieces // 8 * len(PIECE)
        await asyncio.sleep(3)
        ends = await asyncio.gather(*(gone(streams) for streams in mute))
        assert max(ends) - began < 15
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        assert grown < 20 * 2**20 + 40 * 2**20, "a mebibyte for each, and the one that was read"


async def gone(streams: Streams) -> float:
    """When the server has let go: reading then ends in the middle."""
    assert len(await rest_of(streams, 20)) < 64 * 2**20
    return time.monotonic()


async def test_a_slow_reader_that_reads_is_not_cut() -> None:
    async with served(reader_timeout=1) as (_, address):
        streams = await opened(address, request(address, "GET /api/large?pieces=20"), limit=4096)
        size = 0
        async with asyncio.timeout(30):
            while piece := await streams[0].read(20_000):
                size += len(piece)
                await asyncio.sleep(0.03)
        assert size >= 20 * len(PIECE)
        streams[1].close()


async def test_a_frame_has_at_most_64_kib_whole_or_in_parts() -> None:
    async with served() as (_, address):
        headers = {"Authorization": "Bearer x"}
        async with connect(f"ws://{address}/api/echo", additional_headers=headers) as socket:
            await socket.send("x" * 65_536)
            assert await socket.recv() == "65536"
            began = time.monotonic()
            await socket.send("x" * 65_537)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert time.monotonic() - began < 0.5
            assert socket.close_code == 1009
        async with connect(f"ws://{address}/api/echo", additional_headers=headers) as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send("x" * 1000 for _ in range(70))
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1009
