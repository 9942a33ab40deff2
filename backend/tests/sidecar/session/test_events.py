"""The event stream: what is passed on, to whom, and what happens to those who cannot follow."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import HTMLResponse, JSONResponse

from opm.sidecar.session.events import Backlog, Family, Filter, frames
from tests.sidecar.session.fake import Upstream, session_before
from tests.sidecar.support import Client, Events

HERE = "/ws"


def passed(chosen: Filter, kind: str, directory: str | None = HERE, **properties: Any) -> bytes | None:
    payload = {"id": "evt_1", "type": kind, "properties": properties}
    return chosen.frame(json.dumps({"directory": directory, "payload": payload}).encode())


def test_an_event_is_unwrapped_and_its_properties_stay_as_they_were() -> None:
    raw = b'{"directory":"/ws","payload":{"id":"e","type":"x.y","properties":{"a": 1.50, "b":"\\u00e9"}}}'

    assert Filter(HERE).frame(raw) == b'data: {"type":"x.y","properties":{"a": 1.50, "b":"\\u00e9"}}\n\n'


def test_an_event_without_properties_has_empty_ones() -> None:
    assert Filter(HERE).frame(b'{"payload":{"type":"x"}}') == b'data: {"type":"x","properties":{}}\n\n'


def test_half_a_character_does_not_lose_the_event() -> None:
    sent = passed(Filter(HERE), "message.part.delta", delta="cut here: \ud83d")

    assert sent is not None
    assert json.loads(sent.removeprefix(b"data: "))["properties"] == {"delta": "cut here: \ufffd"}
    msgspec.json.decode(sent.removeprefix(b"data: "))


@pytest.mark.parametrize("directory", [HERE, None, "", "global"])
def test_events_of_the_workspace_and_of_no_place_are_kept(directory: str | None) -> None:
    assert passed(Filter(HERE), "session.idle", directory) is not None


@pytest.mark.parametrize("directory", ["/", "/ws/", "/ws/sub", "/wsx", "/other"])
def test_events_of_other_places_are_dropped(directory: str) -> None:
    assert passed(Filter(HERE), "session.idle", directory) is None


@pytest.mark.parametrize("kind", ["sync", "plugin.added", "catalog.updated", "server.heartbeat", "server.connected"])
def test_noise_is_dropped(kind: str) -> None:
    assert passed(Filter(HERE), kind) is None


@pytest.mark.parametrize("data", [b"", b"x", b"[]", b"{}", b'{"payload":{}}', b'{"payload":{"type":1}}', b"\xff"])
def test_what_is_no_event_is_dropped(data: bytes) -> None:
    assert Filter(HERE).frame(data) is None


def test_a_session_s_stream_learns_its_descendants() -> None:
    chosen = Filter(HERE, Family("ses_a"))

    def kept(kind: str, **properties: Any) -> bool:
        return passed(chosen, kind, **properties) is not None

    assert kept("session.idle", sessionID="ses_a")
    assert not kept("session.idle", sessionID="ses_b")
    assert not kept("file.edited", file="x")
    assert kept("session.created", sessionID="ses_b", info={"id": "ses_b", "parentID": "ses_a"})
    assert kept("session.created", info={"id": "ses_c", "parentID": "ses_b"})
    assert kept("permission.asked", sessionID="ses_c")
    assert not kept("session.created", sessionID="ses_x", info={"id": "ses_x", "parentID": "ses_y"})
    assert not kept("odd", sessionID=7)


def test_a_family_knows_those_it_was_told_of() -> None:
    family = Family("ses_a")
    assert family.add("ses_old")
    assert not family.add("ses_old")

    assert family.knows("session.idle", msgspec.Raw(b'{"sessionID":"ses_old"}'))


@given(st.lists(st.text(alphabet="ab :{}", min_size=1), max_size=8), st.lists(st.integers(1, 9), min_size=1))
async def test_frames_come_whole_however_they_are_cut(contents: list[str], cuts: list[int]) -> None:
    stream = b"".join(f"data: {content}\n\n: beat\n\n".encode() for content in contents)
    found: list[bytes] = []

    async for batch in frames(cut(stream, cuts)):
        found += batch

    assert found == [content.strip().encode() for content in contents]


def cut(data: bytes, sizes: list[int]) -> aiohttp.StreamReader:
    class Reader:
        async def iter_any(self) -> AsyncGenerator[bytes]:
            rest, turn = data, 0
            while rest:
                size = sizes[turn % len(sizes)]
                yield rest[:size]
                rest, turn = rest[size:], turn + 1

    return Reader()  # pyright: ignore[reportReturnType] - all that is used of a reader


async def test_a_backlog_gives_all_at_once_and_has_a_limit() -> None:
    backlog = Backlog(limit=10)
    assert backlog.put(b"12345")
    assert backlog.put(b"67890")
    assert await backlog.take(1) == b"1234567890"
    assert await backlog.take(0.01) == b": heartbeat\n\n"

    assert backlog.put(b"12345")
    assert not backlog.put(b"678901")
    assert backlog.overflowed

    backlog.end()
    assert await backlog.take(1) == b"12345"
    assert await backlog.take(1) == b""


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def session(upstream: Upstream, tmp_path: Path) -> AsyncGenerator[Client]:
    async with session_before(upstream, tmp_path) as client:
        yield client


async def test_the_stream_begins_when_the_subscription_stands(
    session: Client, upstream: Upstream, tmp_path: Path
) -> None:
    async with session.request("GET", "/events") as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        events = Events(response)
        assert await events.next() == {"type": "stream.connected", "properties": {}}
        upstream.emit("session.idle", "/elsewhere", sessionID="ses_1")
        upstream.emit("session.idle", str(tmp_path), sessionID="ses_2")
        assert await events.next() == {"type": "session.idle", "properties": {"sessionID": "ses_2"}}
        upstream.frames.put_nowait(None)
        assert await events.next() is None
        assert response.content.at_eof()


async def test_a_reader_that_leaves_takes_the_upstream_stream_with_it(session: Client, upstream: Upstream) -> None:
    async with session.request("GET", "/events") as response:
        await Events(response).until("stream.connected")
        assert upstream.readers == 1
        response.close()
    for _ in range(100):
        upstream.emit("session.idle", None)
        if upstream.readers == 0:
            break
        await asyncio.sleep(0.05)

    assert upstream.readers == 0


async def test_a_reader_that_does_not_read_is_cut_off_and_no_other(
    session: Client, upstream: Upstream, tmp_path: Path
) -> None:
    async with session.request("GET", "/events") as response:
        await Events(response).until("stream.connected")
        for _ in range(600):
            upstream.emit("session.idle", str(tmp_path), padding="x" * 100_000)
        for _ in range(200):
            if upstream.readers == 0:
                break
            await asyncio.sleep(0.05)
        assert upstream.readers == 0, "the upstream stream is still read for a reader who does not read"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    upstream.frames = asyncio.Queue()
    async with session.request("GET", "/events") as response:
        events = Events(response)
        await events.until("stream.connected")
        upstream.emit("session.idle", str(tmp_path))
        await events.until("session.idle")


@pytest.mark.parametrize("family", ["/events", "/session/ses_1/events"])
async def test_readers_who_keep_up_get_everything(
    session: Client, upstream: Upstream, tmp_path: Path, family: str
) -> None:
    upstream.answer = JSONResponse([])
    async with session.request("GET", family) as response:
        events = Events(response)
        await events.until("stream.connected")
        for number in range(2_000):
            upstream.emit("message.part.delta", str(tmp_path), sessionID="ses_1", delta=f"{number} ")
        upstream.frames.put_nowait(None)
        await events.rest()

    assert [event["properties"]["delta"] for event in events.seen[1:]] == [f"{n} " for n in range(2_000)]


async def test_older_children_belong_to_a_session_s_stream(session: Client, upstream: Upstream, tmp_path: Path) -> None:
    upstream.answer = JSONResponse([{"id": "ses_1"}, {"id": "ses_child"}])
    async with session.request("GET", "/session/ses_1/events") as response:
        events = Events(response)
        await events.until("stream.connected")
        upstream.emit("session.idle", str(tmp_path), sessionID="ses_other")
        upstream.emit("session.idle", str(tmp_path), sessionID="ses_child")
        assert await events.until("session.idle") == {"sessionID": "ses_child"}

    asked = [request.url.path for request in upstream.asked[1:]]
    assert asked == ["/session/ses_1/children", "/session/ses_child/children"]


@pytest.mark.parametrize(("path", "status"), [("/session/a-b/events", 400), ("/session/ses_1/events/x", 404)])
async def test_streams_of_nothing(session: Client, upstream: Upstream, path: str, status: int) -> None:
    await session.refused("GET", path, status)

    assert upstream.asked == []


async def test_a_session_opencode_does_not_explain_is_no_stream(session: Client, upstream: Upstream) -> None:
    upstream.answer = HTMLResponse("<html>")

    await session.refused("GET", "/session/ses_1/events", 502)
