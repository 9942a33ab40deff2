"""Batches: pieces that belong together become one, nothing is lost, nothing comes out of order."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.server.background.pump.recorder import Recorder, merged
from opm.server.features.sessions.runs import Claim, Fenced
from opm.server.realtime.bus import Message, output_topic
from opm.wire.events import AnyOutput, Output, OutputFile, OutputTool
from tests.server.background.stage import Stage

PIECES = st.builds(
    Output,
    data=st.text(max_size=5),
    part_id=st.sampled_from("ab"),
    kind=st.sampled_from(["text", "reasoning"]),
)
CALLS = st.builds(
    OutputTool, part_id=st.sampled_from("tu"), tool=st.just("bash"), state=st.sampled_from(["pending", "running"])
)
EVENTS = st.lists(st.one_of(PIECES, CALLS, st.builds(OutputFile, path=st.sampled_from("xy"))), max_size=30)


def text_of(events: list[AnyOutput], part: str, kind: str) -> str:
    return "".join(e.data for e in events if isinstance(e, Output) and (e.part_id, e.kind) == (part, kind))


@given(EVENTS)
def test_merging_keeps_text_and_order(events: list[AnyOutput]) -> None:
    made = merged(events)
    for part in "ab":
        for kind in ("text", "reasoning"):
            assert text_of(made, part, kind) == text_of(events, part, kind)
    calls = {e.part_id: e for e in events if isinstance(e, OutputTool)}
    assert {e.part_id: e for e in made if isinstance(e, OutputTool)} == calls, "the last state of each call"
    assert sum(isinstance(e, OutputTool) for e in made) == len(calls)
    files = [e for e in events if isinstance(e, OutputFile)]
    assert [e for e in made if isinstance(e, OutputFile)] == files
    for a, b in itertools.pairwise(made):
        neighbours = isinstance(a, Output) and isinstance(b, Output) and (a.part_id, a.kind) == (b.part_id, b.kind)
        assert not neighbours, "nothing is left to merge"


def test_pieces_of_different_texts_stay_apart() -> None:
    pieces = [Output(data="a", part_id="1"), Output(data="b", part_id="2"), Output(data="c", part_id="1")]
    assert merged([*pieces]) == pieces


@asynccontextmanager
async def recording(stage: Stage, limit: int = 1 << 20) -> AsyncIterator[tuple[Recorder, Claim, list[Message]]]:
    """A recorder at work on a run, and what it publishes: one message for each commit."""
    await stage.execute()
    (claim,) = await stage.world.claim()
    published: list[Message] = []
    stage.ports.bus.listen(output_topic(claim.session_id), published.append)
    recorder = Recorder(stage.ports, claim, limit)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(recorder.run())
        yield recorder, claim, published
        work.cancel()


async def test_a_first_piece_costs_one_commit_and_a_flood_few(stage: Stage) -> None:
    async with recording(stage) as (recorder, claim, published):
        recorder.put(Output(data="first ", part_id="p"))
        await recorder.flush()
        assert [(m.first, m.last) for m in published] == [(1, 1)]
        for i in range(2000):
            recorder.put(Output(data=f"{i} ", part_id="p"))
            if i % 20 == 0:
                await asyncio.sleep(0)
        await recorder.flush()
        assert len(published) < 100, "whatever came while the batch before was saved goes together"
    texts = await stage.world.do(lambda s: s.output.texts(claim.session_id), write=False)
    assert texts == {"p": "first " + "".join(f"{i} " for i in range(2000))}


async def test_flush_returns_when_all_is_saved(stage: Stage) -> None:
    async with recording(stage) as (recorder, claim, _):
        await recorder.flush()
        for i in range(5):
            recorder.put(OutputFile(path=str(i)), OutputFile(path=f"{i}b"))
            await recorder.flush()
            rows = await stage.world.do(lambda s: s.output.rows(claim.session_id, 0), write=False)
            assert len(rows) == 2 * (i + 1)


async def test_output_beyond_the_limit_is_left_out_and_said_so(stage: Stage) -> None:
    async with recording(stage, limit=10) as (recorder, claim, _):
        recorder.put(Output(data="12345", part_id="p"))
        recorder.put(Output(data="67890", part_id="p"))
        recorder.put(Output(data="too much", part_id="p"), Output(data="more", part_id="p"))
        recorder.put(OutputFile(path="still told"))
        await recorder.flush()
        rows = await stage.world.do(lambda s: s.output.rows(claim.session_id, 0), write=False)
    texts = await stage.world.do(lambda s: s.output.texts(claim.session_id), write=False)
    assert texts == {"p": "1234567890"}
    assert sorted(kind for _, kind, _ in rows) == ["error", "file", "output"]
    assert [b"Truncated" in data for _, kind, data in rows if kind == "error"] == [True]


async def test_what_tools_say_counts_too_and_the_call_is_still_told(stage: Stage) -> None:
    async with recording(stage, limit=70) as (recorder, claim, _):
        for number in range(3):
            call = {"part_id": f"t{number}", "tool": "bash", "input": {"a": 1}, "output": "x" * 40}
            recorder.put(OutputTool.model_validate({**call, "state": "completed"}))
            await recorder.flush()
        rows = await stage.world.do(lambda s: s.output.rows(claim.session_id, 0), write=False)
    tools = [json.loads(data) for _, kind, data in rows if kind == "tool"]
    assert [tool.get("output") for tool in tools] == ["x" * 40, None, None]
    assert [tool["state"] for tool in tools] == ["completed"] * 3
    assert [kind for _, kind, _ in rows].count("error") == 1


async def test_what_a_tool_says_again_counts_once(stage: Stage) -> None:
    async with recording(stage, limit=1000) as (recorder, claim, _):
        for length in (*range(10, 310, 10), 300, 200, 300):
            recorder.put(OutputTool(part_id="t", tool="bash", state="running", output="x" * length))
            await recorder.flush()
        recorder.put(Output(data="y" * 600, part_id="p"))
        await recorder.flush()
        rows = await stage.world.do(lambda s: s.output.rows(claim.session_id, 0), write=False)
        assert "error" not in [kind for _, kind, _ in rows]
        recorder.put(OutputTool(part_id="t", tool="bash", state="completed", output="x" * 500))
        await recorder.flush()
        rows = await stage.world.do(lambda s: s.output.rows(claim.session_id, 0), write=False)
    assert await stage.world.do(lambda s: s.output.texts(claim.session_id), write=False) == {"p": "y" * 600}
    assert [kind for _, kind, _ in rows].count("error") == 1, "what it says more than before counts"


async def test_a_recorder_whose_run_was_taken_over_stops(stage: Stage) -> None:
    async with recording(stage) as (_, old, _):
        pass
    stage.world.clock.pass_by(hours=1)
    (new,) = await stage.world.claim("another")
    assert new.fence > old.fence
    recorder = Recorder(stage.ports, old, 1 << 20)
    recorder.put(OutputFile(path="x"))
    with pytest.raises(Fenced):
        await recorder.run()
    assert await stage.world.do(lambda s: s.output.rows(old.session_id, 0), write=False) == []
