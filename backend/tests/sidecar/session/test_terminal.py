"""Terminals in the real OpenCode: what is typed runs, comes back, is replayed, and ends with all it started."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opm.sidecar.session.terminal import Backlog
from tests.sidecar.session.conftest import Pod
from tests.sidecar.support import Client

pytestmark = pytest.mark.opencode


class Viewer:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.text = ""
        self.controls: list[dict[str, Any]] = []

    async def hear(self, seconds: float = 15) -> bool:
        message = await self.socket.receive(seconds)
        if message.type is aiohttp.WSMsgType.BINARY:
            self.text += message.data.decode()
        elif message.type is aiohttp.WSMsgType.TEXT:
            self.controls.append(json.loads(message.data))
        else:
            return False
        return True

    async def until(self, text: str) -> None:
        async with asyncio.timeout(20):
            while text not in self.text:
                assert await self.hear(), self.text

    async def cursor(self) -> int:
        while not any(control["type"] == "cursor" for control in self.controls):
            assert await self.hear()
        return next(control["cursor"] for control in self.controls if control["type"] == "cursor")


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.fixture(autouse=True)
async def nothing_stays(session: Client) -> AsyncGenerator[None]:
    yield
    for one in await session.json("GET", "/pty"):
        await session.json("DELETE", f"/pty/{one['id']}", expect=204)


async def opened(session: Client, **more: Any) -> str:
    made = await session.json("POST", "/pty", expect=201, json={"title": "one", **more})
    assert made == {"id": made["id"], "title": "one", "running": True}
    return made["id"]


async def look(http: aiohttp.ClientSession, session: Client, ref: str, cursor: int = 0) -> Viewer:
    path = f"/session/{ref}/pty/connect"
    headers = session.shown("GET", path)
    return Viewer(await http.ws_connect(f"{session.url}{path}?cursor={cursor}", headers=headers))


async def test_what_is_typed_runs_in_the_workspace_at_the_size_asked_for(
    session: Client, http: aiohttp.ClientSession, pod: Pod
) -> None:
    viewer = await look(http, session, await opened(session, rows=33, cols=101))
    await viewer.socket.send_str("stty size; pwd; echo $((40+2))-$OPENCODE_SERVER_PASSWORD.\n")
    for expected in ("33 101", str(pod.workspace), "42-."):
        await viewer.until(expected)
    assert pod.password not in viewer.text


async def test_a_new_size_and_title_are_taken(session: Client, http: aiohttp.ClientSession) -> None:
    ref = await opened(session)
    changed = await session.json("PUT", f"/pty/{ref}", json={"title": "two", "rows": 50, "cols": 20})
    assert changed["title"] == "two"
    viewer = await look(http, session, ref)
    await viewer.socket.send_str("stty size\n")
    await viewer.until("50 20")
    assert [one["title"] for one in await session.json("GET", "/pty")] == ["two"]


async def test_who_comes_back_hears_what_was_missed_and_nothing_twice(
    session: Client, http: aiohttp.ClientSession
) -> None:
    ref = await opened(session)
    first = await look(http, session, ref)
    await first.socket.send_str("echo on''e\n")
    await first.until("one")
    await first.socket.close()
    second = await look(http, session, ref)
    cursor = await second.cursor()
    await second.until("one")
    await second.socket.send_str("echo tw''o\n")
    await second.until("two")
    third = await look(http, session, ref, cursor)
    await third.until("two")
    assert "one" not in third.text


async def test_two_viewers_share_one_shell(session: Client, http: aiohttp.ClientSession) -> None:
    ref = await opened(session)
    one, two = await look(http, session, ref), await look(http, session, ref)
    await one.socket.send_str("echo sha''red\n")
    await one.until("shared")
    await two.until("shared")


async def test_an_end_is_told(session: Client, http: aiohttp.ClientSession) -> None:
    viewer = await look(http, session, await opened(session))
    await viewer.socket.send_str("exit\n")
    while await viewer.hear():
        continue
    assert viewer.controls[-1] == {"type": "exit"}
    assert viewer.socket.close_code == 1000
    assert await session.json("GET", "/pty") == []


async def test_closing_ends_everything_that_the_shell_started(
    session: Client, http: aiohttp.ClientSession, pod: Pod
) -> None:
    ref = await opened(session)
    viewer = await look(http, session, ref)
    await viewer.socket.send_str("(trap '' HUP TERM; sleep 987) & echo $! > child; echo st''arted\n")
    await viewer.until("started")
    child = int((pod.workspace / "child").read_text())
    assert _lives(child)
    await session.json("DELETE", f"/pty/{ref}", expect=204)
    assert not _lives(child)
    await session.refused("DELETE", f"/pty/{ref}", 404)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_the_eleventh_is_refused(session: Client) -> None:
    for _ in range(10):
        await opened(session)
    assert "the most" in (await session.refused("POST", "/pty", 409, json={}))["message"]


@pytest.mark.parametrize(
    "body",
    [{"rows": 0, "cols": 1}, {"rows": 501, "cols": 1}, {"command": "/bin/sh"}, {"title": ""}, {"title": "a\x1b"}],
)
async def test_a_request_chooses_size_and_title_alone(session: Client, body: dict[str, Any]) -> None:
    await session.refused("POST", "/pty", 400, json=body)
    assert await session.json("GET", "/pty") == []


async def test_an_unknown_terminal_is_refused_before_the_handshake(
    session: Client, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await look(http, session, "pty_unknown")
    assert caught.value.status == 404


async def test_no_pass_no_terminal(session: Client, http: aiohttp.ClientSession) -> None:
    ref = await opened(session)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await http.ws_connect(f"{session.url}/session/{ref}/pty/connect")
    assert caught.value.status == 401


async def test_a_slow_viewer_is_told_what_it_was_not_sent() -> None:
    backlog = Backlog(10)
    backlog.put("aaaa")
    backlog.replayed(4)
    backlog.put("bbbbbb")
    backlog.put("\N{GRINNING FACE}c")
    skipped, kept = await backlog.take()
    assert json.loads(skipped) == {"type": "skipped", "units": 10, "cursor": 10}
    assert kept == "\N{GRINNING FACE}c".encode()
    backlog.end()
    assert await backlog.take() == []
