"""The output of a run by SSE, on a real server: no gap, no duplicate, no reader that holds up others."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import aiohttp
import pytest

from opm.server.api.output import Pace
from tests.server.api.live import World, until
from tests.serving import serving

QUICK = Pace(heartbeat=0.05, stuck=0.5)
PATIENT = Pace(heartbeat=30, stuck=30)


@dataclass
class Seen:
    """One connection, read frame by frame."""

    response: aiohttp.ClientResponse
    comments: int = 0
    _buffer: bytearray = field(default_factory=bytearray)

    async def frame(self) -> dict[str, str] | None:
        """The next frame with an event, None at the end."""
        while True:
            head, found, rest = self._buffer.partition(b"\n\n")
            if found:
                self._buffer = rest
                lines = [line.partition(": ") for line in head.decode().split("\n")]
                self.comments += sum(1 for name, _, _ in lines if not name)
                frame = {name: value for name, _, value in lines if name}
                if "event" in frame:
                    return frame
                continue
            chunk = await self.response.content.readany()
            if not chunk:
                return None
            self._buffer += chunk

    async def ids(self, count: int) -> list[int]:
        async with asyncio.timeout(20):
            frames = [await self.frame() for _ in range(count)]
        return [int(frame["id"]) for frame in frames if frame]

    async def rest(self) -> list[dict[str, str]]:
        async with asyncio.timeout(20):
            found: list[dict[str, str]] = []
            while frame := await self.frame():
                found.append(frame)
        return found


@asynccontextmanager
async def watching(address: str, after: str | None = None) -> AsyncIterator[Seen]:
    headers = {} if after is None else {"Last-Event-ID": after}
    async with (
        aiohttp.ClientSession(read_bufsize=1 << 10) as http,
        http.get(f"http://{address}/output", headers=headers) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        yield Seen(response)


def unread(address: str, receive_buffer: int = 4096) -> socket.socket:
    """A connection that asks for the stream and never reads it."""
    host, _, port = address.partition(":")
    mute = socket.socket()
    mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    mute.connect((host, int(port)))
    mute.sendall(b"GET /output HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return mute


async def test_what_stands_comes_first_then_what_happens() -> None:
    world = World()
    world.save("a", "b")
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        assert await seen.ids(2) == [1, 2]
        await world.put_out("c", "d")
        third, fourth = await seen.frame(), await seen.frame()
    assert third is not None
    assert fourth is not None
    assert (third["id"], third["event"], json.loads(third["data"])["data"]) == ("3", "output", "c")
    assert fourth["id"] == "4"


async def test_live_rows_are_passed_on_without_asking_the_database() -> None:
    world = World()
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        await until(lambda: world.reads > 0 and world.hub.watching == 1)
        reads = world.reads
        for number in range(20):
            await world.put_out(str(number))
        assert await seen.ids(20) == list(range(1, 21))
    assert world.reads == reads


async def test_a_reader_goes_on_after_the_last_row_it_saw() -> None:
    world = World()
    world.save(*"abcde")
    async with serving(world.app(PATIENT)) as address, watching(address, "3") as seen:
        assert await seen.ids(2) == [4, 5]


@pytest.mark.parametrize("after", ["6", "999999999", "99999999999999999999", "-1", "x", "1.5", "%00"])
async def test_a_place_that_is_none_of_this_run_starts_over_and_says_so(after: str) -> None:
    world = World()
    world.save(*"abcde")
    async with serving(world.app(PATIENT)) as address, watching(address, after) as seen:
        reset = await seen.frame()
        assert reset is not None
        assert reset["event"] == "reset"
        assert "id" not in reset
        assert await seen.ids(5) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", [None, "", "0"])
async def test_from_the_beginning_needs_no_reset(after: str | None) -> None:
    world = World()
    world.save("a")
    async with serving(world.app(PATIENT)) as address, watching(address, after) as seen:
        assert await seen.ids(1) == [1]


async def test_the_end_of_the_run_ends_the_stream() -> None:
    world = World()
    world.save("a")
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        assert await seen.ids(1) == [1]
        await world.put_out("over", kind="completion")
        last, end = await seen.rest()
    assert (last["id"], last["event"]) == ("2", "completion")
    assert end["event"] == "end"
    assert "id" not in end


@pytest.mark.parametrize("after", ["0", "1", "2"])
async def test_a_run_that_is_over_is_replayed_and_ended(after: str) -> None:
    world = World()
    world.save("a")
    world.save("over", kind="completion")
    async with serving(world.app(PATIENT)) as address, watching(address, after) as seen:
        frames = await seen.rest()
    assert [frame.get("id") for frame in frames] == [str(n) for n in range(int(after) + 1, 3)] + [None]
    assert frames[-1]["event"] == "end"


async def test_what_the_bus_lost_is_read_from_the_database() -> None:
    world = World()
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        await world.put_out("a")
        assert await seen.ids(1) == [1]
        world.save("b")
        world.save("c")
        await world.put_out("d")
        assert await seen.ids(3) == [2, 3, 4]
        world.save("e")
        await world.bus.break_off()
        assert await seen.ids(1) == [5]


async def test_messages_that_come_twice_late_or_overlap_do_no_harm() -> None:
    world = World()
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        await until(lambda: world.reads > 0 and world.hub.watching == 1)
        reads = world.reads
        old = world.save("a", "b")
        await world.bus.publish([old, old])
        assert await seen.ids(2) == [1, 2]
        new = world.save("c")
        await world.bus.publish([old, new, new, old])
        await world.put_out("d")
        assert await seen.ids(2) == [3, 4]
        assert world.reads == reads, "what is known already is no reason to ask the database"


async def test_many_readers_at_random_moments_each_see_every_row_once() -> None:
    chance = random.Random(7)
    world = World(backlog=2_000)
    total = 600

    async def write() -> None:
        while len(world.rows) < total:
            message = world.save(*(str(n) for n in range(chance.randint(1, 5))))
            if chance.random() > 0.1:  # one in ten is lost on the way
                await world.bus.publish([message])
            if chance.random() < 0.02:
                await world.bus.break_off()
            await asyncio.sleep(chance.random() * 0.004)
        await world.put_out("over", kind="completion")

    async def read(address: str) -> list[int]:
        """Breaks off again and again and continues from the last id, as a browser does."""
        ids: list[int] = []
        while True:
            async with watching(address, str(ids[-1]) if ids else None) as seen:
                for _ in range(chance.randint(1, 150)):
                    frame = await seen.frame()
                    if frame is None or frame["event"] == "end":
                        return ids
                    assert frame["event"] != "reset"
                    ids.append(int(frame["id"]))

    async with serving(world.app(PATIENT)) as address, asyncio.timeout(60):
        readers = [asyncio.create_task(read(address)) for _ in range(8)]
        await write()
        seen = await asyncio.gather(*readers)
    for ids in seen:
        assert ids == list(range(1, len(world.rows) + 1))


async def test_a_silent_stream_shows_that_it_lives() -> None:
    world = World()
    async with serving(world.app(QUICK)) as address, watching(address) as seen:
        waiting = asyncio.create_task(seen.frame())
        await until(lambda: seen.comments >= 3)
        await world.put_out("a")
        frame = await asyncio.wait_for(waiting, 5)
    assert frame is not None
    assert frame["id"] == "1"


async def test_signing_out_ends_the_stream_also_while_it_is_busy() -> None:
    world = World()
    async with serving(world.app(QUICK)) as address, watching(address) as seen:
        await world.put_out("a")
        assert await seen.ids(1) == [1]
        world.sign_out()
        busy = asyncio.create_task(keep_talking(world))
        frames = await seen.rest()
        busy.cancel()
    assert all(frame["event"] == "output" for frame in frames), "it is not the end of the run"


async def keep_talking(world: World) -> None:
    while True:
        await world.put_out("more")
        await asyncio.sleep(0.01)


async def test_a_server_that_stops_ends_its_streams_without_ending_the_run() -> None:
    world = World()
    world.save("a")
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        assert await seen.ids(1) == [1]
        world.hub.close()
        assert await seen.rest() == []


async def test_a_database_that_fails_ends_the_stream_to_be_resumed() -> None:
    world = World()
    async with serving(world.app(PATIENT)) as address:
        async with watching(address) as seen:
            await world.put_out("a")
            assert await seen.ids(1) == [1]
            world.database_down = True
            world.save("lost")
            await world.bus.break_off()
            assert await seen.rest() == []
        world.database_down = False
        async with watching(address, "1") as seen:
            assert await seen.ids(1) == [2]


async def test_a_browser_that_leaves_is_let_go_at_once() -> None:
    world = World()
    async with serving(world.app(PATIENT)) as address:
        async with watching(address):
            await until(lambda: world.hub.watching == 1)
            assert world.open_scopes == 0, "no unit of work is open while nothing happens"
        await until(lambda: world.hub.watching == 0)
        await until(lambda: world.bus.topics == set())


async def test_churn_leaves_nothing_behind() -> None:
    world = World()
    world.save(*"abc")
    async with serving(world.app(PATIENT)) as address:
        tasks = len(asyncio.all_tasks())
        for _ in range(15):
            for mute in [unread(address) for _ in range(10)]:
                mute.close()
            async with watching(address) as seen:
                await seen.frame()
        await until(lambda: world.hub.watching == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
    assert world.bus.topics == set()


async def test_a_reader_that_does_not_read_is_cut_and_others_do_not_notice() -> None:
    world = World(backlog=64 << 10)
    line = "x" * 1000
    async with serving(world.app(QUICK), send_buffer=8192) as address:
        with closing(unread(address)):
            async with watching(address) as healthy:
                await until(lambda: world.hub.watching == 2)
                ids: list[int] = []
                for _ in range(40):
                    await world.put_out(*[line] * 50)
                    ids += await healthy.ids(50)
                assert ids == list(range(1, 2001))
                await until(lambda: world.hub.watching == 1)
                await world.put_out("still here")
                assert await healthy.ids(1) == [2001]


async def test_a_slow_reader_falls_behind_and_loses_nothing() -> None:
    world = World(backlog=32 << 10)
    line = "x" * 1000
    async with serving(world.app(PATIENT), send_buffer=8192) as address, watching(address) as slow:
        await until(lambda: world.hub.watching == 1)
        for _ in range(20):
            await world.put_out(*[line] * 50)
        await world.put_out("over", kind="completion")
        ids: list[int] = []
        while len(ids) < 1001:
            ids += await slow.ids(min(100, 1001 - len(ids)))
            await asyncio.sleep(0.01)
    assert ids == list(range(1, 1002))


async def test_large_rows_are_read_few_at_a_time() -> None:
    world = World()
    world.save(*["x" * 2000] * 700)
    async with serving(world.app(PATIENT)) as address, watching(address) as seen:
        assert await seen.ids(700) == list(range(1, 701))
    assert world.reads >= 6


async def test_too_many_streams_of_one_person_are_refused_in_the_form_of_all_errors() -> None:
    world = World(streams_per_user=1)
    async with serving(world.app(PATIENT)) as address:
        async with watching(address), aiohttp.ClientSession() as http:
            await until(lambda: world.hub.watching == 1)
            async with http.get(f"http://{address}/output") as response:
                assert response.status == 503
                assert (await response.json())["error"]["details"] == {"reason": "too_many_streams"}
        await until(lambda: world.hub.watching == 0)
        async with watching(address):
            pass
