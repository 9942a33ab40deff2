"""Two controllers on one Redis: what one says the other hears, through its absences too."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import structlog

from opm.server.realtime.bus import Message
from opm.server.realtime.redis import RedisBus
from tests.redis import RedisStore

pytestmark = pytest.mark.redis


class Side:
    """One controller's bus, and what it heard."""

    def __init__(self, url: str, prefix: str = "opm") -> None:
        self.bus = RedisBus(url, prefix=prefix)
        self.heard: list[bytes] = []
        self.gaps: list[float] = []
        self.bus.listen("a", lambda message: self.heard.append(message.body))
        self.bus.on_gap(self._gap)

    async def _gap(self) -> None:
        self.gaps.append(time.monotonic())

    async def until(self, reached: Callable[[], Any], seconds: float = 10) -> None:
        for _ in range(int(seconds * 100)):
            if reached():
                return
            await asyncio.sleep(0.01)
        pytest.fail("it did not come to that")


@contextlib.asynccontextmanager
async def opened(*sides: Side) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for side in sides:
            await side.bus.open()
            stack.push_async_callback(side.bus.close)
        yield


async def test_each_side_hears_everything_once_and_in_order(redis_url: str) -> None:
    one, two = Side(redis_url), Side(redis_url)
    async with opened(one, two):
        sent = [b"%d" % number for number in range(2000)]
        for body in sent:
            one.bus.post(Message("a", body))
        assert one.heard == sent, "at once where it was said"
        await two.until(lambda: len(two.heard) == len(sent))
        await asyncio.sleep(0.1)
        assert (one.heard, two.heard) == (sent, sent)
        assert (one.gaps, two.gaps) == ([], [])


async def test_what_belongs_to_one_message_arrives_with_it(redis_url: str) -> None:
    one, two = Side(redis_url), Side(redis_url)
    heard: list[Message] = []
    async with opened(one, two):
        two.bus.listen("output:x", heard.append)
        said = Message("output:x", b"\x00\xff", 7, 9)
        one.bus.post(said)
        one.bus.post(Message("output:x", b"x" * (1 << 20), 10, 12))
        await two.until(lambda: len(heard) == 2)
        assert (heard[0], heard[0].at) == (said, said.at)
        assert heard[1] == Message("output:x", b"", 10, 12), "so much is read from the database"


async def test_news_for_this_process_stay_in_it(redis_url: str) -> None:
    one, two = Side(redis_url), Side(redis_url)
    async with opened(one, two):
        one.bus.post_here(Message("a", b"mine"))
        one.bus.post(Message("a", b"everybody's"))
        await two.until(lambda: two.heard)
        assert (one.heard, two.heard) == ([b"mine", b"everybody's"], [b"everybody's"])


async def test_installations_on_one_redis_do_not_hear_each_other(redis_url: str) -> None:
    one, two, other = Side(redis_url), Side(redis_url), Side(redis_url, "staging")
    async with opened(one, two, other):
        one.bus.post(Message("a", b"ours"))
        await two.until(lambda: two.heard)
        assert other.heard == []


async def test_while_redis_is_away_everybody_is_told_to_look_every_two_seconds(redis_store: RedisStore) -> None:
    one, two = Side(redis_store.url), Side(redis_store.url)
    async with opened(one, two):
        redis_store.stop()
        began = time.monotonic()
        await asyncio.sleep(4.5)
        one.bus.post(Message("a", b"meanwhile"))
        assert one.heard == [b"meanwhile"], "listeners here need no redis"
        await asyncio.sleep(0.5)  # until it was given up for those elsewhere
        for side in (one, two):
            moments = [began, *side.gaps]
            assert max(b - a for a, b in itertools.pairwise(moments)) < 2.1
        redis_store.start()
        await two.until(lambda: one.bus.connected and two.bus.connected)
        await two.until(lambda: two.gaps[-1] > began + 5)
        assert two.heard == []

        def said() -> list[bytes]:
            """Until it has told of what it could not say, a gap stands for all news."""
            one.bus.post(Message("a", b"again"))
            return two.heard

        await two.until(said)
        assert set(two.heard) == {b"again"}
        assert (one.bus.reconnects, two.bus.reconnects) == (1, 1)


async def test_it_starts_without_redis_and_finds_it_later(redis_store: RedisStore) -> None:
    redis_store.stop()
    one, two = Side(redis_store.url), Side(redis_store.url)
    async with opened(one, two):
        redis_store.start()
        await two.until(lambda: one.bus.connected and two.bus.connected)
        one.bus.post(Message("a", b"1"))
        await two.until(lambda: two.heard)


class Line:
    """A way to Redis that can be made to swallow what goes to it, while the other direction goes on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.deaf = False
        self._pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._pipes:
            task.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._pipes.add(task)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            if not self.deaf:
                sink.write(data)
        sink.close()


async def test_a_side_that_could_not_get_rid_of_its_news_makes_the_others_look(redis_store: RedisStore) -> None:
    """The others never lost their connection, so nothing else tells them."""
    line = Line(redis_store.port)
    async with line as url:
        one, two = Side(url), Side(redis_store.url)
        async with opened(one, two):
            line.deaf = True
            one.bus.post(Message("a", b"lost"))
            await asyncio.sleep(3)
            assert two.gaps == []
            line.deaf = False
            await two.until(lambda: two.gaps)
            one.bus.post(Message("a", b"after"))
            await two.until(lambda: two.heard)
            assert two.heard == [b"after"]
            assert one.gaps, "a line without a sign of life is taken for lost"


async def test_a_password_is_not_in_the_log(redis_store: RedisStore) -> None:
    password = "hunter2" * 2
    with structlog.testing.capture_logs() as lines:
        side = Side(f"redis://opm:{password}@127.0.0.1:{redis_store.port}/0")
        async with opened(side):
            await asyncio.sleep(0.2)
    assert [line["log_level"] for line in lines] == ["warning"]
    assert password not in repr(lines)
