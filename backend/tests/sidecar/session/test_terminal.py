"""Terminals: what is typed runs, comes back, is replayed, and ends with all it started."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opm.sidecar.session.output import Output, Reader
from opm.sidecar.session.shells import Shells
from opm.wire.terminals import NewTerminal
from tests.sidecar.session.fake import Upstream, session_before
from tests.sidecar.support import Client


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


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What all that a test's shells start can be known by."""
    mark = secrets.token_hex(8)
    monkeypatch.setenv("OPM_POD", mark)
    monkeypatch.setenv("HOME", str(tmp_path))
    return mark


@pytest.fixture
async def session(tmp_path: Path, mark: str) -> AsyncGenerator[Client]:
    async with session_before(Upstream(), tmp_path) as client:
        yield client
    assert not _marked(mark), "a sidecar that ends takes its shells along"


async def opened(session: Client, **more: Any) -> str:
    made = await session.json("POST", "/pty", expect=201, json={"title": "one", **more})
    assert made == {"id": made["id"], "title": "one", "running": True}
    return made["id"]


async def look(http: aiohttp.ClientSession, session: Client, ref: str, cursor: int = 0) -> Viewer:
    path = f"/session/{ref}/pty/connect"
    headers = session.shown("GET", path)
    return Viewer(await http.ws_connect(f"{session.url}{path}?cursor={cursor}", headers=headers))


async def test_what_is_typed_runs_in_the_workspace_at_the_size_asked_for(
    session: Client, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    viewer = await look(http, session, await opened(session, rows=33, cols=101))
    await viewer.socket.send_str("stty size; pwd; tty; echo $((40+2))-$OPM_POD_SECRETS_FILE.\n")
    for expected in ("33 101", str(tmp_path), "/dev/pts/", "42-."):
        await viewer.until(expected)


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


async def test_of_several_viewers_one_answers_for_all(session: Client, http: aiohttp.ClientSession) -> None:
    """Each browser's terminal answers what a program asks; a shell that got both would take one for typing."""
    ref = await opened(session)
    one, two = await look(http, session, ref), await look(http, session, ref)
    await one.socket.send_str("echo read''y; cat\n")
    await two.until("ready")
    await two.socket.send_bytes(b"of-two\n")  # did not type
    await one.socket.send_bytes(b"of-one\n")
    await two.until("of-one")
    await asyncio.sleep(0.3)
    assert "of-two" not in two.text
    # who typed last has gone: the first that answers is heard, also of those that never typed
    await one.socket.close()
    await asyncio.sleep(0.3)
    await two.socket.send_bytes(b"of-two-alone\n")
    await two.until("of-two-alone")


async def test_an_end_is_told(session: Client, http: aiohttp.ClientSession) -> None:
    viewer = await look(http, session, await opened(session))
    await viewer.socket.send_str("exit\n")
    while await viewer.hear():
        continue
    assert viewer.controls[-1] == {"type": "exit"}
    assert viewer.socket.close_code == 1000
    assert await session.json("GET", "/pty") == []


async def test_closing_ends_everything_that_the_shell_started(
    session: Client, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    ref = await opened(session)
    viewer = await look(http, session, ref)
    await viewer.socket.send_str("(trap '' HUP TERM; sleep 987) & echo $! > child; echo st''arted\n")
    await viewer.until("started")
    child = int((tmp_path / "child").read_text())
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
    output = Output(kept=8)
    frames = Reader(output, 0, lambda: None).frames()
    assert json.loads(await anext(frames)) == {"type": "cursor", "cursor": 0}
    output.put(b"aaaabbbb")
    assert await anext(frames) == b"aaaabbbb"
    output.put("\N{GRINNING FACE}cccccc".encode())
    assert json.loads(await anext(frames)) == {"type": "skipped", "bytes": 4, "cursor": 12}
    assert await anext(frames) == b"cccccc"
    output.finish()
    assert json.loads(await anext(frames)) == {"type": "exit"}
    with pytest.raises(StopAsyncIteration):
        await anext(frames)


async def test_a_shell_without_viewers_ends_after_half_an_hour_of_silence(tmp_path: Path, mark: str) -> None:
    shells = Shells(tmp_path, os.environ)
    ref = (await shells.create(NewTerminal())).id
    now = time.monotonic()
    await shells.look(now + 1_700)
    with shells.require(ref).read(0):
        await shells.look(now + 9_000)
    assert [one.id for one in shells.everyone()] == [ref]
    await shells.look(now + 9_000)
    assert shells.everyone() == []
    assert not _marked(mark)


def _marked(mark: str) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"OPM_POD={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
