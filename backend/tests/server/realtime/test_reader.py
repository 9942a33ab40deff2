"""Queues that are bounded by bytes, and what each kind does when it overflows."""

import asyncio
import time

from opm.server.realtime.bus import Message
from opm.server.realtime.reader import BoardReader, OutputReader


async def test_everything_pending_is_taken_at_once_and_in_order() -> None:
    reader = BoardReader(100)
    for text in ("a", "b", "c"):
        reader.put(text)
    assert reader.pending_bytes == 3
    assert await reader.take(1) == ["a", "b", "c"]
    assert reader.pending_bytes == 0


async def test_taking_waits_for_news_and_no_longer() -> None:
    reader = BoardReader(100)
    asyncio.get_running_loop().call_later(0.02, reader.put, "late")
    assert await reader.take(5) == ["late"]
    began = time.monotonic()
    assert await reader.take(0.02) == []
    assert time.monotonic() - began < 1
    assert not reader.ended


async def test_a_board_reader_that_overflows_is_dropped_and_holds_nothing() -> None:
    reader = BoardReader(10)
    left: list[str] = []
    reader.on_close(lambda: left.append("released"))
    reader.put("x" * 10)
    assert not reader.dropped
    reader.put("y")
    assert reader.dropped
    assert reader.ended
    assert reader.pending_bytes == 0
    assert left == ["released"]
    assert await reader.take(1) == []
    reader.put("z")
    assert reader.pending_bytes == 0


async def test_an_output_reader_that_overflows_is_told_to_read_the_database() -> None:
    reader = OutputReader(10)
    reader.put(Message("output:x", b"12345678", 1, 1))
    reader.put(Message("output:x", b"12345678", 2, 2))
    reader.put(Message("output:x", b"1", 3, 3))
    assert await reader.take(1) == [Message("output:x"), Message("output:x", b"1", 3, 3)]
    assert not reader.ended


async def test_closing_wakes_the_owner_and_releases_once() -> None:
    reader = OutputReader(10)
    released: list[int] = []
    reader.on_close(lambda: released.append(1))
    waiting = asyncio.create_task(reader.take(60))
    await asyncio.sleep(0)
    reader.close()
    reader.close()
    assert await asyncio.wait_for(waiting, 1) == []
    assert reader.ended
    assert released == [1]
