"""The requests of the agent's client, and its reading of the event stream."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from opm.server.clients.base import AgentClient, AgentEvent, MessagePage
from opm.server.clients.frames import Frames
from opm.server.clients.http import Sidecar, open_pool
from opm.server.clients.opencode import HttpAgent
from opm.server.clients.pods import HttpPodClients
from opm.server.core.errors import Unavailable
from tests.server.clients.sidecar import a_pod

CONNECTED = b'data: {"type":"stream.connected","properties":{}}\n\n'
Call = Callable[[AgentClient], Awaitable[Any]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda a: a.create_session("A card"), ["POST", "/session", {}, '{"title":"A card"}']),
        (lambda a: a.prompt("s1", {"parts": []}), ["POST", "/session/s1/prompt", {}, '{"parts":[]}']),
        (lambda a: a.message("s1", "m1"), ["GET", "/session/s1/message/m1", {}, ""]),
        (lambda a: a.session("s1"), ["GET", "/session/s1", {}, ""]),
        (lambda a: a.session("../x?y"), ["GET", "/session/..%2Fx%3Fy", {}, ""]),
        (lambda a: a.status(), ["GET", "/status", {}, ""]),
        (lambda a: a.abort("s1"), ["POST", "/session/s1/abort", {}, ""]),
        (lambda a: a.reply_permission("p", "once", None), ["POST", "/permission/p/reply", {}, '{"reply":"once"}']),
        (
            lambda a: a.reply_permission("p", "reject", "no"),
            ["POST", "/permission/p/reply", {}, '{"reply":"reject","message":"no"}'],
        ),
        (lambda a: a.reply_question("q", [["A"]]), ["POST", "/question/q/reply", {}, '{"answers":[["A"]]}']),
        (lambda a: a.reply_question("q", None), ["POST", "/question/q/reject", {}, ""]),
    ],
)
async def test_each_call_is_one_request(call: Call, said: list[Any]) -> None:
    heard: list[list[Any]] = []

    async def note(request: Request) -> Response:
        body = (await request.body()).decode()
        heard.append([request.method, request.scope["raw_path"].decode(), dict(request.query_params), body])
        return JSONResponse({"id": "x"})

    async with agent_of(Route("/{any:path}", note, methods=["GET", "POST"])) as agent:
        await call(agent)
    assert heard == [said]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda a: a.children("s1"), ["/session/s1/children", {}]),
        (lambda a: a.diff("s1", "m1"), ["/session/s1/diff", {"messageID": "m1"}]),
        (lambda a: a.permissions(), ["/permission", {}]),
        (lambda a: a.questions(), ["/question", {}]),
        (lambda a: a.models(), ["/models", {}]),
    ],
)
async def test_each_list_is_one_request(call: Call, said: list[Any]) -> None:
    async def show(request: Request) -> Response:
        return JSONResponse([{"said": [request.url.path, dict(request.query_params)]}])

    async with agent_of(Route("/{any:path}", show)) as agent:
        assert await call(agent) == [{"said": said}]


async def test_messages_come_in_pages() -> None:
    asked: list[dict[str, str]] = []

    async def show(request: Request) -> Response:
        asked.append(dict(request.query_params))
        return JSONResponse([{"info": {}}], headers={} if "before" in asked[-1] else {"X-Next-Cursor": "older"})

    async with agent_of(Route("/session/s1/message", show)) as agent:
        assert await agent.messages("s1", 20) == MessagePage([{"info": {}}], "older")
        assert await agent.messages("s1", 5, "older") == MessagePage([{"info": {}}], None)
    assert asked == [{"limit": "20"}, {"limit": "5", "before": "older"}]


async def test_what_is_too_large_for_a_page_may_come_alone() -> None:
    async def show(request: Request) -> Response:
        return Response(b'[{"text":"%b"}]' % (b" " * (9 << 20)), media_type="application/json")

    async with agent_of(Route("/session/s1/message", show)) as agent:
        with pytest.raises(Unavailable) as refused:
            await agent.messages("s1", 2)
        assert refused.value.details == {"reason": "too_large"}
        assert len((await agent.messages("s1", 1)).messages) == 1


@pytest.mark.parametrize("answer", [b"", b"<html>", b"null", b'"x"', b"{}x"])
async def test_an_answer_of_another_kind_is_not_taken_for_one(answer: bytes) -> None:
    async def odd(_: Request) -> Response:
        return Response(answer)

    async with agent_of(Route("/status", odd), Route("/permission", odd)) as agent:
        for call in (agent.status, agent.permissions):
            with pytest.raises(Unavailable) as refused:
                await call()
            assert refused.value.details == {"reason": "not_understood"}


async def test_events_come_as_they_were_said() -> None:
    async def stream(_: Request) -> Response:
        async def frames() -> AsyncIterator[bytes]:
            yield CONNECTED + b": heartbeat\n\nda"
            yield b'ta: {"type":"a","properties":{"x":"\xc3'
            yield b'\xa4\\n"}}\n'
            yield b'\n: heartbeat\n\ndata: {"type":"b"}\n\n'

        return StreamingResponse(frames(), media_type="text/event-stream")

    async with agent_of(Route("/events", stream)) as agent:
        events = [event async for event in agent.events()]
    assert events == [AgentEvent("stream.connected", {}), AgentEvent("a", {"x": "ä\n"}), AgentEvent("b", {})]


async def test_silence_is_taken_for_absence() -> None:
    gone = asyncio.Event()

    async def silent(_: Request) -> Response:
        async def frames() -> AsyncIterator[bytes]:
            try:
                yield CONNECTED
                await asyncio.sleep(60)
            finally:
                gone.set()

        return StreamingResponse(frames(), media_type="text/event-stream")

    async with a_pod("session", Route("/events", silent)) as pod, open_pool() as pool:
        sidecar = Sidecar(pool, pod.session_url, project_id=pod.project_id, part="session", key=pod.pass_key)
        events = HttpAgent(sidecar, silence=0.2).events()
        assert (await anext(events)).type == "stream.connected"
        with pytest.raises(Unavailable) as refused:
            await anext(events)
        assert refused.value.details == {"reason": "timeout"}
        await asyncio.wait_for(gone.wait(), 5)


async def test_leaving_the_stream_early_lets_the_connection_go() -> None:
    gone = asyncio.Event()

    async def stream(_: Request) -> Response:
        async def frames() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield CONNECTED
                    await asyncio.sleep(0.01)
            finally:
                gone.set()

        return StreamingResponse(frames(), media_type="text/event-stream")

    async with agent_of(Route("/events", stream)) as agent:
        async with contextlib.aclosing(agent.events()) as events:  # pyright: ignore[reportArgumentType] - a generator
            await anext(events)
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_stream_that_breaks_ends() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"%x\r\n" % len(CONNECTED) + CONNECTED + b"\r\nff\r\nhalf")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(broken, "127.0.0.1", 0) as server, open_pool() as pool:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with a_pod("session") as pod:
            sidecar = Sidecar(pool, url, project_id=pod.project_id, part="session", key=pod.pass_key)
            assert [event.type async for event in HttpAgent(sidecar).events()] == ["stream.connected"]


def test_an_event_that_never_ends_is_not_collected_for_ever() -> None:
    frames = Frames(limit=100)
    frames.feed(b"data: " + b"x" * 90)
    with pytest.raises(Unavailable):
        frames.feed(b"x" * 10)


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])).map(str.strip), max_size=8),
    st.data(),
)
def test_frames_do_not_depend_on_how_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    wanted = [text.encode() for text in texts if text]
    stream = b"".join(b": beat\n\n" + b"data: " + text + b"\n\n" for text in wanted)
    frames, found = Frames(), list[bytes]()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == [text.strip() for text in wanted if text.strip()]


@contextlib.asynccontextmanager
async def agent_of(*routes: Route) -> AsyncIterator[AgentClient]:
    clients = HttpPodClients()
    async with a_pod("session", *routes) as pod:
        try:
            yield clients.agent(pod)
        finally:
            await clients.close()
