"""What both kinds of terminals promise: the one that other tests use, and real shells behind their sidecar."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opm.server.clients.base import TerminalClient, TerminalLine
from opm.server.clients.pods import HttpPodClients
from opm.server.core.errors import Conflict, NotFound
from opm.sidecar.session.app import create
from opm.wire.terminals import MOST_TERMINALS, ChangeTerminal, NewTerminal
from tests.fakes.terminals import FakeTerminals
from tests.server.clients.sidecar import address_of
from tests.sidecar.support import served, settings


@pytest.fixture(params=["fake", "real"])
async def terminals(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TerminalClient]:
    if request.param == "fake":
        yield FakeTerminals()
        return
    monkeypatch.setenv("HOME", str(tmp_path))
    closing = asyncio.Event()
    about = settings("session", tmp_path, opencode_url="http://127.0.0.1:9", opencode_password="x" * 16)
    clients = HttpPodClients()
    async with served(create(about, closing), closing) as url:
        yield clients.terminals(address_of(about, url))
        await clients.close()


class Hearing:
    def __init__(self, line: TerminalLine) -> None:
        self._line = line
        self.text = b""
        self.notices: list[dict[str, object]] = []

    async def next(self) -> bool:
        frame = await asyncio.wait_for(self._line.receive(), 10)
        if isinstance(frame, bytes):
            self.text += frame
        elif frame is not None:
            self.notices.append(json.loads(frame))
        return frame is not None

    async def text_with(self, part: bytes) -> None:
        while part.upper() not in self.text.upper():
            assert await self.next(), self.text

    async def notice(self, kind: str) -> dict[str, object]:
        while not any(notice["type"] == kind for notice in self.notices):
            assert await self.next(), self.notices
        return next(notice for notice in self.notices if notice["type"] == kind)


async def test_they_are_opened_listed_and_changed(terminals: TerminalClient) -> None:
    made = await terminals.create(NewTerminal(title="one", rows=10, cols=20))
    assert [(one.id, one.title, one.running) for one in await terminals.everyone()] == [(made.id, "one", True)]
    assert (await terminals.change(made.id, ChangeTerminal(title="two"))).title == "two"
    assert (await terminals.change(made.id, ChangeTerminal(rows=5, cols=6))).title == "two"


async def test_what_is_typed_is_answered_and_can_be_heard_again(terminals: TerminalClient) -> None:
    ref = (await terminals.create(NewTerminal())).id
    async with terminals.connect(ref, 0) as line:
        first = Hearing(line)
        assert (await first.notice("cursor"))["cursor"] == len(first.text)
        await line.send("echo he''llo\n")  # what is typed is shown, too: the quotes tell the answer from it
        await first.text_with(b"hello")
    async with terminals.connect(ref, 0) as line:
        again = Hearing(line)
        cursor = (await again.notice("cursor"))["cursor"]
        assert cursor == len(again.text)
        assert b"HELLO" in again.text.upper()
    async with terminals.connect(ref, len(again.text)) as line:
        await line.send("echo mo''re\n")
        later = Hearing(line)
        await later.text_with(b"more")
        assert b"HELLO" not in later.text.upper()


async def test_an_end_is_told_to_who_listens(terminals: TerminalClient) -> None:
    ref = (await terminals.create(NewTerminal())).id
    async with terminals.connect(ref, 0) as line:
        heard = Hearing(line)
        await heard.notice("cursor")
        await line.send("exit\n")
        await heard.notice("exit")
        assert not await heard.next()
    assert await terminals.everyone() == []


async def test_closing_one_leaves_the_others(terminals: TerminalClient) -> None:
    one, two = [(await terminals.create(NewTerminal())).id for _ in range(2)]
    await terminals.end(one)
    assert [left.id for left in await terminals.everyone()] == [two]
    with pytest.raises(NotFound):
        await terminals.end(one)
    with pytest.raises(NotFound):
        async with terminals.connect(one, 0):
            pass


async def test_one_more_than_the_most_is_refused(terminals: TerminalClient) -> None:
    for _ in range(MOST_TERMINALS):
        await terminals.create(NewTerminal())
    with pytest.raises(Conflict):
        await terminals.create(NewTerminal())
