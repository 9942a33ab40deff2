"""Whatever is too large is refused at once, on real sockets: before it is gathered, within a tenth of a second."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opm.server.core.actor import Actor
from tests.builders import World
from tests.serving import serving

GIB = 2**30
TRIES = 5


class Caller:
    def __init__(self, world: World, actor: Actor, address: str, project: str) -> None:
        self.address = address
        self.project = project
        self._bearer = world.bearer(actor)["Authorization"]

    async def ask(self, line: str, body: bytes = b"", *headers: str, tail: bool = False) -> tuple[int, float, Any]:
        """Status, seconds and error of an answer; with `tail` more of the body would follow and never does."""
        host, _, port = self.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        told = [f"Content-Length: {len(body)}"] if body and not tail else []
        lines = [f"{line} HTTP/1.1", f"Host: {host}", f"Authorization: {self._bearer}", *told, *headers, "", ""]
        try:
            began = time.perf_counter()
            with contextlib.suppress(ConnectionError):
                writer.write("\r\n".join(lines).encode() + body)
                await writer.drain()
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            seconds = time.perf_counter() - began
            length = next(int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:"))
            answer = json.loads(await reader.readexactly(length))
            return int(head.split()[1]), seconds, answer.get("error")
        finally:
            writer.close()


@pytest.fixture
async def caller(small_world: World) -> AsyncIterator[Caller]:
    ada = await small_world.person("ada")
    project = await small_world.project(ada)
    async with serving(small_world.app(), settings=small_world.ports.settings) as address:
        yield Caller(small_world, ada, address, project.slug)


JSON = "Content-Type: application/json"
LONG_LIST = json.dumps({"name": [0] * 10_001}).encode()
WIDE = json.dumps({"name": "x", **{f"k{n}": 0 for n in range(10_001)}}).encode()
CASES: dict[str, tuple[int, str, bytes, tuple[str, ...], bool]] = {
    "a body that says it is a gibibyte": (413, "POST /api/projects", b"{", (JSON, f"Content-Length: {GIB}"), True),
    "a file that says so": (413, "POST /api/projects/P/files/write", b"{", (JSON, f"Content-Length: {GIB}"), True),
    "a body that does not say": (
        413,
        "POST /api/projects",
        b"%x\r\n" % (2**20 + 1) + b" " * (2**20 + 1) + b"\r\n",
        (JSON, "Transfer-Encoding: chunked"),
        True,
    ),
    "headers": (431, "GET /api/projects", b"", ("X-Long: " + "x" * 17_000,), False),
    "many headers": (431, "GET /api/projects", b"", tuple(f"X-{n}: {n}" for n in range(2000)), False),
    "an address": (414, "GET /api/projects?q=" + "x" * 17_000, b"", (), False),
    "fields of a query": (400, "GET /api/projects?" + "&".join(f"a{n}=1" for n in range(101)), b"", (), False),
    "levels": (413, "POST /api/projects", b"[" * 66 + b"]" * 66, (JSON,), False),
    "levels without end": (413, "POST /api/projects", b"[" * 500_000, (JSON,), False),
    "a text": (413, "POST /api/projects", b'{"name":"' + b"x" * (2**18 + 1) + b'"}', (JSON,), False),
    "a list": (413, "POST /api/projects", LONG_LIST, (JSON,), False),
    "members": (413, "POST /api/projects", WIDE, (JSON,), False),
    "a prompt": (
        400,
        "POST /api/projects/P/tasks",
        b'{"title":"t","description":"' + b"x" * 200_001 + b'"}',
        (JSON,),
        False,
    ),
    "a form": (
        415,
        "POST /api/projects",
        b"&".join(b"a=1" for _ in range(5000)),
        ("Content-Type: application/x-www-form-urlencoded",),
        False,
    ),
    "a form of many parts": (
        415,
        "POST /api/projects",
        b"--b\r\n\r\n",
        ("Content-Type: multipart/form-data; boundary=b",),
        False,
    ),
    "a page": (400, "GET /api/projects?limit=201", b"", (), False),
    "a cursor": (400, "GET /api/projects?cursor=" + "x" * 501, b"", (), False),
}


@pytest.mark.parametrize("what", CASES)
async def test_what_is_too_large_is_refused_at_once(caller: Caller, what: str) -> None:
    status, line, body, headers, tail = CASES[what]
    line = line.replace("/P/", f"/{caller.project}/")
    seen = [await caller.ask(line, body, *headers, tail=tail) for _ in range(TRIES)]
    assert {answer[0] for answer in seen} == {status}
    assert all(set(answer[2]) == {"type", "message", "status", "details", "request_id"} for answer in seen)
    assert min(answer[1] for answer in seen) < 0.1


async def test_what_is_just_small_enough_passes(caller: Caller) -> None:
    """The same ways, so that none of the refusals above is one of everything."""
    made = await caller.ask("POST /api/projects", b'{"name":"x"}', JSON)
    assert made[0] == 201
    nested = await caller.ask("POST /api/projects", b'{"name":' + b"[" * 62 + b"]" * 62 + b"}", JSON)
    assert (nested[0], nested[2]["details"]["field"]) == (400, "body.name"), "judged by what it says"
    prompt = b'{"title":"t","description":"' + b"x" * 200_000 + b'"}'
    assert (await caller.ask(f"POST /api/projects/{caller.project}/tasks", prompt, JSON))[0] == 201
    query = "&".join(f"a{n}=1" for n in range(100))
    assert (await caller.ask(f"GET /api/projects?{query}"))[0] == 200
    assert (await caller.ask("GET /api/projects?limit=200", b"", "X-Long: " + "x" * 15_000))[0] == 200
