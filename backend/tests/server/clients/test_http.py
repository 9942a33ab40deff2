"""What the controller shows to sidecars, and what it makes of their refusals and of their absence."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from opm.server.clients.base import PodAddress
from opm.server.clients.http import LARGEST_ANSWER, Sidecar, body_of, open_pool
from opm.server.core.errors import Conflict, Forbidden, Invalid, NotFound, OpmError, Unavailable
from tests.server.clients.sidecar import a_pod

SHORT = aiohttp.ClientTimeout(total=0.2)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_pool() as pool:
        yield pool


def caller(http: aiohttp.ClientSession, pod: PodAddress) -> Sidecar:
    return Sidecar(http, pod.session_url, project_id=pod.project_id, part="session", key=pod.pass_key)


async def test_every_request_shows_a_fresh_pass_and_nothing_of_the_user(http: aiohttp.ClientSession) -> None:
    seen: list[dict[str, str]] = []

    async def show(request: Request) -> Response:
        seen.append(dict(request.headers))
        return JSONResponse([request.url.path, dict(request.query_params), (await request.body()).decode()])

    async with a_pod("session", Route("/a/{b}", show, methods=["GET", "POST"])) as pod:
        sidecar = caller(http, pod)
        assert await sidecar.call("GET", "/a/b%20c", query={"q": "ä &=%"}) == '["/a/b c",{"q":"ä &=%"},""]'.encode()
        assert await sidecar.call("POST", "/a/b", body={"x": 1}) == b'["/a/b",{},"{\\"x\\":1}"]'
    assert len({headers["authorization"] for headers in seen}) == 2
    assert seen[0].keys() <= {"host", "authorization", "accept"}
    assert seen[1]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, Invalid),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (413, Invalid),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (507, Unavailable),
    ],
)
async def test_refusals_keep_their_meaning_their_words_and_their_details(
    http: aiohttp.ClientSession, status: int, meaning: type[OpmError]
) -> None:
    async def refuse(_: Request) -> Response:
        details = {"reason": "because", "message": "also a detail"}
        return JSONResponse({"error": {"type": "X", "message": "It is so.", "details": details}}, status)

    async with a_pod("session", Route("/x", refuse)) as pod:
        with pytest.raises(OpmError) as refused:
            await caller(http, pod).call("GET", "/x")
    assert type(refused.value) is meaning
    assert refused.value.message == "It is so."
    assert refused.value.details == {"reason": "because", "message": "also a detail"}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":"no"}', b'{"error":{"message":1}}', b"\xff", b"[" * 9999])
async def test_a_refusal_in_another_form_is_still_one(http: aiohttp.ClientSession, body: bytes) -> None:
    async def refuse(_: Request) -> Response:
        return Response(body, 404)

    async with a_pod("session", Route("/x", refuse)) as pod:
        with pytest.raises(NotFound) as refused:
            await caller(http, pod).call("GET", "/x")
    assert "404" in refused.value.message


async def test_a_pass_that_is_not_accepted_is_no_fault_of_the_user(http: aiohttp.ClientSession) -> None:
    async with a_pod("session", Route("/x", lambda _: PlainTextResponse("x"))) as pod:
        for wrong in (replace(pod, pass_key=b"x" * 32), replace(pod, project_id=uuid4())):
            with pytest.raises(Unavailable) as refused:
                await caller(http, wrong).call("GET", "/x")
            assert refused.value.details == {"reason": "pass_refused"}


async def test_a_redirect_is_not_followed(http: aiohttp.ClientSession) -> None:
    async def elsewhere(_: Request) -> Response:
        return Response(status_code=307, headers={"Location": "http://127.0.0.1:1/"})

    async with a_pod("session", Route("/x", elsewhere)) as pod:
        with pytest.raises(Unavailable) as refused:
            await caller(http, pod).call("GET", "/x")
    assert "307" in refused.value.message


async def test_an_answer_that_is_too_large_is_cut(http: aiohttp.ClientSession) -> None:
    async def more_than_fits() -> AsyncIterator[bytes]:
        for _ in range(2 * LARGEST_ANSWER >> 20):
            yield b"x" * (1 << 20)

    async def flood(_: Request) -> Response:
        return StreamingResponse(more_than_fits())

    async def fits(_: Request) -> Response:
        return Response(b"x" * LARGEST_ANSWER)

    async with a_pod("session", Route("/flood", flood), Route("/fits", fits)) as pod:
        assert len(await caller(http, pod).call("GET", "/fits")) == LARGEST_ANSWER
        with pytest.raises(Unavailable) as refused:
            await caller(http, pod).call("GET", "/flood")
    assert refused.value.details == {"reason": "too_large"}


async def test_nobody_there(http: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    pod = PodAddress(uuid4(), "", f"http://127.0.0.1:{port}", b"k" * 32)
    with pytest.raises(Unavailable) as refused:
        await caller(http, pod).call("GET", "/x")
    assert refused.value.details == {"reason": "unreachable"}
    assert str(port) not in refused.value.message


async def test_somebody_there_who_does_not_answer(http: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pod = PodAddress(uuid4(), "", f"http://127.0.0.1:{listening.getsockname()[1]}", b"k" * 32)
        with pytest.raises(Unavailable) as refused:
            async with caller(http, pod).open("GET", "/x", timeout=SHORT):
                pass
    assert refused.value.details == {"reason": "timeout"}


async def test_nothing_is_sent_twice_when_the_answer_is_lost(http: aiohttp.ClientSession) -> None:
    arrived: list[bytes] = []

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with await asyncio.start_server(lose, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        pod = PodAddress(uuid4(), "", f"http://127.0.0.1:{port}", b"k" * 32)
        with pytest.raises(Unavailable):
            await caller(http, pod).call("POST", "/x", body={})
    assert len(arrived) == 1


async def test_a_body_that_breaks_off_is_named(http: aiohttp.ClientSession) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sidecar = caller(http, PodAddress(uuid4(), "", f"http://127.0.0.1:{port}", b"k" * 32))
        async with sidecar.open("GET", "/x", timeout=aiohttp.ClientTimeout(total=5)) as response:
            pieces = body_of(response)
            assert await anext(pieces) == b"half"
            with pytest.raises(Unavailable) as broken:
                await anext(pieces)
        assert broken.value.details == {"reason": "broken_off"}
        with pytest.raises(Unavailable):
            await sidecar.call("GET", "/x")
