"""A stream that says when it broke and when it is back."""

import asyncio
from collections.abc import AsyncGenerator

from opm.server.background.pump.feed import Connected, Feed, Item, Lost
from opm.server.clients.base import AgentEvent
from opm.server.core.errors import Unavailable
from tests.fakes.agent import FakeAgent


async def heard(feed: Feed, count: int) -> list[Item]:
    items = [await feed.next(10) for _ in range(count)]
    return [item for item in items if item is not None]


async def test_events_come_after_the_connection() -> None:
    agent = FakeAgent()
    feed = Feed(agent)
    async with feed.open():
        assert await heard(feed, 1) == [Connected()]
        agent.emit("session.idle", sessionID="s")
        assert await heard(feed, 1) == [AgentEvent("session.idle", {"sessionID": "s"})]
        assert await feed.next(0.1) is None


async def test_a_break_is_said_and_mended() -> None:
    agent = FakeAgent()
    feed = Feed(agent)
    async with feed.open():
        agent.emit("not heard: nobody listens yet")
        await heard(feed, 1)
        agent.emit("one")
        agent.drop_streams()
        assert await heard(feed, 3) == [AgentEvent("one", {}), Lost("the stream ended"), Connected()]


async def test_a_stream_that_cannot_be_opened_is_tried_again() -> None:
    class Shy(FakeAgent):
        tries = 0

        async def events(self) -> AsyncGenerator[AgentEvent]:
            self.tries += 1
            if self.tries < 3:
                raise Unavailable("not yet")
            async for event in super().events():
                yield event

    feed = Feed(Shy())
    async with feed.open():
        assert await heard(feed, 3) == [Lost("not yet"), Lost("not yet"), Connected()]


async def test_leaving_closes_the_stream() -> None:
    agent = FakeAgent()
    feed = Feed(agent)
    async with feed.open():
        await heard(feed, 1)
        assert len(agent._streams) == 1
    await asyncio.sleep(0)
    assert len(agent._streams) == 0
