"""Reading the output of a run: from any number on, in pieces, and put together again."""

import json

import pytest

from opm.server.features.sessions.runs import Claim
from opm.wire.events import AnyOutput, Output, OutputSnapshot, OutputStatus, OutputTool, output_adapter
from tests.builders import World


@pytest.fixture
async def claim(world: World) -> Claim:
    ann = await world.person("ann")
    project = await world.project(ann)
    return await world.working(ann, project, (await world.task(ann, project)).id)


async def append(world: World, claim: Claim, *events: AnyOutput) -> int:
    return await world.do(lambda s: s.runs.append(claim, events))


async def rows(world: World, claim: Claim, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
    return await world.do(lambda s: s.output.rows(claim.session_id, after, limit), write=False)


async def test_rows_follow_a_number(world: World, claim: Claim) -> None:
    await append(world, claim, *(Output(data=str(n), part_id="p") for n in range(1, 8)))
    assert [seq for seq, _, _ in await rows(world, claim, 0)] == [1, 2, 3, 4, 5, 6, 7]
    assert [seq for seq, _, _ in await rows(world, claim, 2, limit=3)] == [3, 4, 5]
    assert await rows(world, claim, 7) == []
    assert await rows(world, claim, 99) == []
    _, kind, body = (await rows(world, claim, 4))[0]
    assert kind == "output"
    assert output_adapter.validate_json(body) == Output(data="5", part_id="p")


async def test_what_is_not_said_is_not_kept(world: World, claim: Claim) -> None:
    await append(world, claim, OutputTool(part_id="t", tool="bash", state="running", input={"command": "ls ü"}))
    ((_, _, body),) = await rows(world, claim, 0)
    said = {"type": "tool", "part_id": "t", "tool": "bash", "state": "running", "input": {"command": "ls ü"}}
    assert json.loads(body) == said


async def test_texts_are_put_together(world: World, claim: Claim) -> None:
    await append(world, claim, Output(data="Hel", part_id="a"), Output(data="th", part_id="b", kind="reasoning"))
    await append(world, claim, OutputStatus(data="running"), Output(data="lo", part_id="a"))
    texts = await world.do(lambda s: s.output.texts(claim.session_id), write=False)
    assert texts == {"a": "Hello", "b": "th"}


async def test_a_snapshot_stands_for_all_before_it(world: World, claim: Claim) -> None:
    tool = OutputTool(part_id="t", tool="bash", state="running")
    await append(world, claim, Output(data="old", part_id="a"), Output(data="gone", part_id="b"))
    await append(world, claim, OutputSnapshot(parts=[Output(data="new", part_id="a"), tool]))
    await append(world, claim, Output(data="er", part_id="a"))
    assert await world.do(lambda s: s.output.texts(claim.session_id), write=False) == {"a": "newer"}


async def test_long_output_is_read_to_its_end(world: World, claim: Claim) -> None:
    for _ in range(5):
        await append(world, claim, *(Output(data="x", part_id="p") for _ in range(900)))
    texts = await world.do(lambda s: s.output.texts(claim.session_id), write=False)
    assert len(texts["p"]) == 4500
