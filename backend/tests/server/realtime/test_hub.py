"""Resuming, resetting and dropping; and that nothing is kept for those who left."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from opm.server.core.errors import Unavailable
from opm.server.core.settings import LimitSettings
from opm.server.realtime.bus import Message, output_topic, project_topic
from opm.server.realtime.hub import Hub
from opm.server.realtime.reader import BoardReader
from tests.fakes.bus import GappyBus

PROJECT, OTHER = uuid4(), uuid4()


@pytest.fixture
def bus() -> GappyBus:
    return GappyBus()


@pytest.fixture
def hub(bus: GappyBus) -> Hub:
    return Hub(bus, backlog_bytes=10_000, history=5)


async def tell(bus: GappyBus, number: int, project: UUID = PROJECT) -> None:
    await bus.publish([Message(project_topic(project), json.dumps({"n": number}).encode())])


async def taken(reader: BoardReader) -> list[dict[str, Any]]:
    return [json.loads(text) for text in await reader.take(0)]


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [message["event"]["n"] for message in messages if "event" in message]


def controls(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages if "type" in message]


async def position(reader: BoardReader) -> str:
    return (await taken(reader))[-1]["id"]


async def test_a_first_subscription_hears_only_what_comes(hub: Hub, bus: GappyBus) -> None:
    await tell(bus, 1)
    reader = hub.board()
    hub.follow(reader, PROJECT, None)
    await tell(bus, 2)
    await tell(bus, 99, OTHER)
    subscribed, event = await taken(reader)
    assert subscribed["type"] == "subscribed"
    assert subscribed["project_id"] == str(PROJECT)
    assert event["event"] == {"n": 2}
    assert event["id"].startswith(f"{hub.epoch}-")
    assert event["id"] != subscribed["id"]


async def test_one_listener_serves_all_readers_and_events_are_written_once(hub: Hub, bus: GappyBus) -> None:
    readers = [hub.board() for _ in range(3)]
    for reader in readers:
        hub.follow(reader, PROJECT, None)
        await reader.take(0)
    await tell(bus, 1)
    texts = [(await reader.take(0))[0] for reader in readers]
    assert texts[0] is texts[1] is texts[2]
    assert bus.topics == {project_topic(PROJECT)}


async def test_a_reader_that_comes_back_gets_exactly_what_it_missed(hub: Hub, bus: GappyBus) -> None:
    first = hub.board()
    hub.follow(first, PROJECT, None)
    for number in (1, 2):
        await tell(bus, number)
    seen = (await taken(first))[1]["id"]
    first.close()
    await tell(bus, 3)
    again = hub.board()
    hub.follow(again, PROJECT, seen)
    await tell(bus, 4)
    messages = await taken(again)
    assert numbers(messages) == [2, 3, 4]
    assert controls(messages) == ["subscribed"]
    assert messages[2]["id"] == messages[1]["id"], "the stream stands where the last replayed event is"


async def test_two_projects_do_not_mix_when_resuming(hub: Hub, bus: GappyBus) -> None:
    first = hub.board()
    hub.follow(first, PROJECT, None)
    hub.follow(first, OTHER, None)
    at = (await taken(first))[0]["id"]
    await tell(bus, 1)
    await tell(bus, 2, OTHER)
    await tell(bus, 3)
    again = hub.board()
    hub.follow(again, PROJECT, at)
    assert numbers(await taken(again)) == [1, 3]


@pytest.mark.parametrize(
    "after", ["", "x", "0", "-1", "abc-1", "{epoch}-", "{epoch}-x", "{epoch}-99", "{epoch}-\u0661"]
)
async def test_what_cannot_be_continued_is_reset(hub: Hub, bus: GappyBus, after: str) -> None:
    keeper = hub.board()
    hub.follow(keeper, PROJECT, None)
    await tell(bus, 1)
    reader = hub.board()
    hub.follow(reader, PROJECT, after.format(epoch=hub.epoch))
    messages = await taken(reader)
    assert controls(messages) == ["reset", "subscribed"]
    assert numbers(messages) == []
    assert "id" not in messages[0]


async def test_an_id_older_than_the_history_is_reset_and_the_oldest_in_it_is_not(hub: Hub, bus: GappyBus) -> None:
    reader = hub.board()
    hub.follow(reader, PROJECT, None)
    for number in range(1, 8):
        await tell(bus, number)
    ids = [message["id"] for message in await taken(reader)]
    late, in_time = hub.board(), hub.board()
    hub.follow(late, PROJECT, ids[1])
    hub.follow(in_time, PROJECT, ids[2])
    assert controls(await taken(late)) == ["reset", "subscribed"]
    assert numbers(await taken(in_time)) == [3, 4, 5, 6, 7]


async def test_an_id_from_before_the_project_was_forgotten_is_reset(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=10_000, linger=0.01)
    reader = hub.board()
    hub.follow(reader, PROJECT, None)
    await tell(bus, 1)
    seen = (await taken(reader))[1]["id"]
    reader.close()
    await asyncio.sleep(0.05)
    assert bus.topics == set()
    await tell(bus, 2)
    await tell(bus, 3)
    again = hub.board()
    hub.follow(again, OTHER, None)
    await tell(bus, 4, OTHER)
    hub.follow(again, PROJECT, seen)
    assert "reset" in controls(await taken(again))


async def test_a_reload_within_the_linger_keeps_the_listener(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=10_000, linger=0.05)
    reader = hub.board()
    hub.follow(reader, PROJECT, None)
    at = await position(reader)
    reader.close()
    again = hub.board()
    hub.follow(again, PROJECT, at)
    await asyncio.sleep(0.1)
    await tell(bus, 1)
    assert numbers(await taken(again)) == [1]


async def test_a_reader_that_does_not_take_is_dropped_and_the_others_miss_nothing(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=2_000, history=1000)
    slow, healthy = hub.board(), hub.board()
    hub.follow(slow, PROJECT, None)
    hub.follow(healthy, PROJECT, None)
    heard: list[int] = []
    for number in range(200):
        await tell(bus, number)
        heard += numbers(await taken(healthy))
    assert slow.dropped
    assert slow.pending_bytes == 0
    assert heard == list(range(200))


async def test_a_replay_too_large_for_the_queue_becomes_a_reset(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=2_000, history=1000)
    keeper = hub.board()
    hub.follow(keeper, PROJECT, None)
    at = await position(keeper)
    for number in range(40):
        await tell(bus, number)
        await keeper.take(0)
    reader = hub.board()
    hub.follow(reader, PROJECT, at)
    assert controls(await taken(reader)) == ["reset", "subscribed"]
    assert not reader.dropped


async def test_a_reader_dropped_while_it_subscribes_leaves_no_listener(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=50, linger=0)
    reader = hub.board()
    hub.follow(reader, PROJECT, "gone-1")
    assert reader.dropped
    await asyncio.sleep(0.02)
    assert bus.topics == set()


async def test_a_gap_of_the_bus_resets_everybody(hub: Hub, bus: GappyBus) -> None:
    board, output = hub.board(), hub.output(uuid4())
    hub.follow(board, PROJECT, None)
    before = await position(board)
    await tell(bus, 1)
    await board.take(0)
    await bus.break_off()
    messages = await taken(board)
    assert controls(messages) == ["reset", "subscribed"]
    assert [message.body for message in await output.take(0)] == [b""]
    await tell(bus, 2)
    again, current = hub.board(), hub.board()
    hub.follow(again, PROJECT, before)
    hub.follow(current, PROJECT, messages[-1]["id"])
    assert controls(await taken(again)) == ["reset", "subscribed"]
    assert numbers(await taken(current)) == [2]


async def test_output_is_heard_while_its_reader_is_open(hub: Hub, bus: GappyBus) -> None:
    session = uuid4()
    reader = hub.output(session)
    message = Message(output_topic(session), b"frames", 1, 2)
    await bus.publish([message, Message(output_topic(uuid4()), b"other", 1, 1)])
    assert await reader.take(0) == [message]
    reader.close()
    assert bus.topics == set()


async def test_unfollowing_ends_the_events_of_that_project_only(hub: Hub, bus: GappyBus) -> None:
    reader = hub.board()
    hub.follow(reader, PROJECT, None)
    hub.follow(reader, OTHER, None)
    await reader.take(0)
    hub.unfollow(reader, PROJECT)
    hub.unfollow(reader, PROJECT)
    await tell(bus, 1)
    await tell(bus, 2, OTHER)
    assert numbers(await taken(reader)) == [2]


async def test_closing_ends_all_readers_and_later_ones_at_once(hub: Hub, bus: GappyBus) -> None:
    board, output = hub.board(), hub.output(uuid4())
    hub.follow(board, PROJECT, None)
    hub.close()
    assert board.ended
    assert output.ended
    assert not board.dropped
    assert bus.topics == set()
    late = hub.board()
    hub.follow(late, PROJECT, None)
    assert late.ended
    assert hub.output(uuid4()).ended
    assert bus.topics == set()


async def test_churn_leaves_nothing_behind(bus: GappyBus) -> None:
    hub = Hub(bus, backlog_bytes=10_000, linger=0)
    for _ in range(500):
        board, output = hub.board(), hub.output(uuid4())
        hub.follow(board, uuid4(), None)
        hub.follow(board, PROJECT, "gone-1")
        board.close()
        output.close()
    await asyncio.sleep(0.05)
    assert bus.topics == set()
    assert hub.watching == 0


def test_seats_are_counted_per_person_and_of_each_per_project(hub: Hub) -> None:
    somebody, another, other_project = uuid4(), uuid4(), uuid4()
    limits = LimitSettings(streams_per_user=3, streams_per_project=2)
    with hub.seat(somebody, limits, PROJECT), hub.seat(somebody, limits, PROJECT):
        with pytest.raises(Unavailable, match="to this project") as refused, hub.seat(somebody, limits, PROJECT):
            pass
        assert refused.value.details == {"reason": "too_many_streams"}
        with hub.seat(another, limits, PROJECT), hub.seat(somebody, limits, other_project):  # noqa: SIM117
            with pytest.raises(Unavailable, match="for you already; close some tabs"), hub.seat(somebody, limits):
                pass
        with hub.seat(somebody, limits):
            pass
    with hub.seat(somebody, limits, PROJECT), hub.seat(somebody, limits, PROJECT):
        pass
