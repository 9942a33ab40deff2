"""What every bus promises, whatever carries it."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

import pytest

from opm.server.realtime.bus import Bus, Message
from opm.server.realtime.memory import MemoryBus
from opm.server.realtime.redis import RedisBus

T = TypeVar("T")


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    found: Bus = MemoryBus() if request.param == "memory" else RedisBus(request.getfixturevalue("redis_url"))
    await found.open()
    yield found
    await found.close()


async def arrive(heard: list[T], count: int) -> list[T]:
    """Carriers need their time."""
    for _ in range(1000):
        if len(heard) >= count:
            break
        await asyncio.sleep(0.005)
    return heard


def hearing(bus: Bus, topic: str) -> list[bytes]:
    heard: list[bytes] = []
    bus.listen(topic, lambda message: heard.append(message.body))
    return heard


async def test_every_listener_of_a_topic_hears_every_message_once_and_in_order(bus: Bus) -> None:
    first, second, other = hearing(bus, "a"), hearing(bus, "a"), hearing(bus, "b")
    sent = [b"%d" % n for n in range(50)]
    await bus.publish([Message("a", body) for body in sent[:20]])
    for body in sent[20:]:
        await bus.publish([Message("a", body)])
    await bus.publish([Message("b", b"last")])
    await arrive(other, 1)
    assert await arrive(first, 50) == sent
    assert await arrive(second, 50) == sent
    assert other == [b"last"]


async def test_a_message_arrives_whole(bus: Bus) -> None:
    heard: list[Message] = []
    bus.listen("output:x", heard.append)
    message = Message("output:x", b"\x00\xff" * 1000, 7, 9)
    await bus.publish([message])
    assert await arrive(heard, 1) == [message]


async def test_a_posted_message_arrives_like_a_published_one(bus: Bus) -> None:
    heard = hearing(bus, "a")
    bus.post(Message("a", b"1"))
    bus.post(Message("a", b"2"))
    assert await arrive(heard, 2) == [b"1", b"2"]


async def test_what_was_said_before_listening_is_not_heard(bus: Bus) -> None:
    await bus.publish([Message("a", b"early")])
    heard = hearing(bus, "a")
    await bus.publish([Message("a", b"late")])
    assert await arrive(heard, 1) == [b"late"]


async def test_after_stopping_nothing_is_heard(bus: Bus) -> None:
    heard: list[bytes] = []
    stop = bus.listen("a", lambda message: heard.append(message.body))
    still = hearing(bus, "a")
    await bus.publish([Message("a", b"1")])
    await arrive(heard, 1)
    stop()
    stop()
    await bus.publish([Message("a", b"2")])
    await arrive(still, 2)
    assert heard == [b"1"]


async def test_stopping_from_inside_a_listener_spares_the_others(bus: Bus) -> None:
    heard: list[bytes] = []

    def once(message: Message) -> None:
        heard.append(message.body)
        stop()

    stop = bus.listen("a", once)
    others = hearing(bus, "a")
    await bus.publish([Message("a", b"1"), Message("a", b"2")])
    assert await arrive(others, 2) == [b"1", b"2"]
    assert heard == [b"1"]


async def test_a_listener_that_fails_fails_alone(bus: Bus) -> None:
    def broken(_: Message) -> None:
        raise ValueError("not my day")

    bus.listen("a", broken)
    heard = hearing(bus, "a")
    await bus.publish([Message("a", b"1")])
    await bus.publish([Message("a", b"2")])
    assert await arrive(heard, 2) == [b"1", b"2"]


async def test_nobody_need_listen(bus: Bus) -> None:
    await bus.publish([Message("nobody", b"?")])
    bus.post(Message("nobody", b"?"))
    heard = hearing(bus, "nobody")
    await bus.publish([Message("nobody", b"!")])
    assert await arrive(heard, 1) == [b"!"]
