"""Asking for health never waits for ever, whatever is at the other end; and who watches gets the newest."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from opm.server.runtime.base import Observation, Part, PartStatus, PodPhase
from opm.server.runtime.board import Board
from opm.server.runtime.local import probe


@contextlib.asynccontextmanager
async def server(answer: bytes | None) -> AsyncIterator[tuple[int, list[bytes]]]:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await asyncio.sleep(60)
        writer.write(answer or b"")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], heads
    finally:
        listening.close()


async def test_the_status_is_read_and_the_password_shown() -> None:
    async with server(b"HTTP/1.1 200 OK\r\n\r\n") as (port, heads):
        assert await probe.request(port, "/health", authorization=probe.basic("pw"), timeout=2) == 200
    assert heads[0].startswith(b"GET /health HTTP/1.1\r\n")
    assert b"Authorization: Basic b3BlbmNvZGU6cHc=\r\n" in heads[0]


@pytest.mark.parametrize("answer", [None, b"", b"nonsense\r\n", b"\r\n", b"x" * 10_000])
async def test_silence_and_nonsense_are_no_answer(answer: bytes | None) -> None:
    async with server(answer) as (port, _):
        assert await probe.request(port, "/health", timeout=0.2) is None


async def test_nobody_there_is_no_answer() -> None:
    (port,) = probe.free_ports(1)
    assert await probe.request(port, "/health", timeout=0.2) is None


def test_ports_are_free_and_differ() -> None:
    ports = probe.free_ports(4)
    assert len(set(ports)) == 4
    assert all(probe.is_free(port) for port in ports)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not probe.is_free(taken.getsockname()[1])


async def test_a_slow_reader_gets_the_newest_and_memory_is_no_news() -> None:
    board, project_id = Board(), uuid4()

    def seen(phase: PodPhase, memory: int = 1) -> Observation:
        return Observation(project_id, phase, parts=(PartStatus(Part.FILES, ready=True, memory_bytes=memory),))

    with board.reader([seen(PodPhase.PENDING)]) as reader:
        news = aiter(reader)
        assert (await anext(news)).phase is PodPhase.PENDING
        board.post(seen(PodPhase.STOPPING))
        board.post(seen(PodPhase.RUNNING))
        assert (await anext(news)).phase is PodPhase.RUNNING
        board.post(seen(PodPhase.RUNNING, memory=2))
        board.post(seen(PodPhase.ABSENT))
        assert (await anext(news)).phase is PodPhase.ABSENT
        board.close()
        assert [observation async for observation in news] == []
