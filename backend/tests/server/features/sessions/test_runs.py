"""What the pump does with runs: one driver each, old drivers write nothing, the end is whole or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from opm.server.core.actor import Actor
from opm.server.core.errors import Away, Conflict
from opm.server.db.models import Interaction, OpencodeSession, SessionEvent, Task
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.runs import Claim, Fenced, Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.server.realtime.bus import WAKE_PUMP, output_topic
from opm.server.wiring import Scope
from opm.wire.events import Output, OutputFile, OutputStatus
from tests.builders import World

Stage = tuple[World, Actor, ProjectSummary]
PERMISSION, QUESTION = InteractionKind.PERMISSION, InteractionKind.QUESTION


@pytest.fixture
async def stage(world: World) -> Stage:
    ann = await world.person("ann")
    return world, ann, await world.project(ann)


async def working(stage: Stage) -> Claim:
    world, ann, project = stage
    return await world.working(ann, project, (await world.task(ann, project)).id)


async def status(world: World) -> list[str]:
    return [run.status for run in await world.rows(OpencodeSession)]


async def test_a_run_is_claimed_by_one_of_many(stage: Stage) -> None:
    world, ann, project = stage
    for n in range(3):
        await world.execute(ann, project, (await world.task(ann, project, f"T{n}")).id)
    taken = await asyncio.gather(*(world.claim(f"controller {n}") for n in range(8)))
    claims = [claim for one in taken for claim in one]
    assert len(claims) == 1
    assert (claims[0].title, claims[0].fence, claims[0].was_running) == ("T0", 1, False)
    assert await status(world) == ["starting", "queued", "queued"]


async def test_many_projects_are_shared_out(stage: Stage) -> None:
    world = stage[0]
    for n in range(6):
        owner = await world.person(f"owner {n}")
        project = await world.project(owner, f"P{n}")
        await world.execute(owner, project, (await world.task(owner, project)).id)
    taken = await asyncio.gather(*(world.do(lambda s, n=n: s.runs.let_in(f"c{n}", 2)) for n in range(4)))
    taken.append(await world.claim())
    claims = [claim.session_id for one in taken for claim in one]
    assert len(claims) == len(set(claims)) == 6


@pytest.mark.parametrize("migrated_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_who_stops_in_its_turn_holds_up_the_others_for_seconds(stage: Stage) -> None:
    """As a process does that is paused between two statements: no run that lost its driver waits for it."""
    world, claim, bob = stage[0], await working(stage), await stage[0].person("bob")
    await world.do(lambda s: s.runs.let_go([claim]))
    queued = await world.project(bob)
    await world.execute(bob, queued, (await world.task(bob, queued)).id)

    async def others_go_on(paused: Scope) -> None:
        await paused.runs.let_in("paused")
        async with asyncio.timeout(1):
            (taken,) = await world.do(lambda s: s.runs.take_over("two"))
        (let_in,) = await world.do(lambda s: s.runs.let_in("two"))
        assert (taken.session_id, let_in.project_id) == (claim.session_id, queued.id)

    with pytest.raises(Away):
        await world.do(others_go_on)


async def test_a_driver_that_lives_keeps_its_run(stage: Stage) -> None:
    world, claim = stage[0], await working(stage)
    for _ in range(3):
        await world.wait(seconds=14)
        assert await world.claim("two") == []
        await world.do(lambda s: s.runs.renew(claim))
    await world.wait(seconds=16)
    (taken,) = await world.claim("two")
    assert (taken.session_id, taken.fence, taken.was_running) == (claim.session_id, claim.fence + 1, True)
    assert (taken.remote_session_id, taken.message_id) == (f"ses_{claim.session_id.hex}", claim.message_id)
    assert taken.incarnation == "boot"


async def test_a_controllers_own_clock_says_nothing_about_leases(stage: Stage) -> None:
    """On PostgreSQL: one that is an hour ahead takes nothing from those who live, one behind keeps nothing longer."""
    world = stage[0]
    if world.ports.db.sqlite:
        return  # one controller, one clock
    claim = await working(stage)
    for hours in (1, -2):
        world.clock.pass_by(hours=hours)
        assert await world.claim("two") == []
        await world.do(lambda s: s.runs.renew(claim))
    await world.wait(seconds=16)
    assert [(taken.session_id, taken.lapsed) for taken in await world.claim("two")] == [(claim.session_id, True)]


async def test_a_run_that_is_let_go_is_taken_over_at_once(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    await world.do(lambda s: s.runs.let_go([claim]))
    (taken,) = await world.claim("two")
    assert (taken.session_id, taken.was_running, taken.lapsed) == (claim.session_id, True, False)
    await world.do(lambda s: s.runs.let_go([claim]))
    assert await world.claim("three") == [], "who has lost a run cannot let go of it"


async def test_at_the_start_of_the_only_controller_all_runs_are_taken_over(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    assert await world.claim("two") == []
    await world.do(lambda s: s.runs.release_all())
    (taken,) = await world.claim("two")
    assert taken.session_id == claim.session_id


WRITES: dict[str, Callable[[Scope, Claim], Awaitable[Any]]] = {
    "require": lambda s, c: s.runs.require(c),
    "renew": lambda s, c: s.runs.renew(c),
    "attached": lambda s, c: s.runs.attached(c, "ses_other", "boot 2"),
    "running": lambda s, c: s.runs.running(c),
    "retrying": lambda s, c: s.runs.retrying(c, "rate limit"),
    "append": lambda s, c: s.runs.append(c, [OutputStatus(data="running")]),
    "asked": lambda s, c: s.runs.asked(c, PERMISSION, "per_2", {}),
    "answered": lambda s, c: s.runs.answered(c, "per_1"),
    "finish": lambda s, c: s.runs.finish(c, Outcome(Verdict.SUCCESS)),
}


@pytest.mark.parametrize("write", WRITES)
async def test_an_old_driver_writes_nothing_any_more(stage: Stage, write: str) -> None:
    world = stage[0]
    old = await working(stage)
    await world.do(lambda s: s.runs.asked(old, PERMISSION, "per_1", {"permission": "bash"}))
    await world.wait(seconds=16)
    (new,) = await world.claim("two")
    before = [vars(row) | {"_sa_instance_state": None} for row in await world.rows(OpencodeSession)]
    with pytest.raises(Fenced):
        await world.do(lambda s: WRITES[write](s, old))
    after = [vars(row) | {"_sa_instance_state": None} for row in await world.rows(OpencodeSession)]
    assert after == before
    assert len(await world.rows(SessionEvent)) == 1
    assert (await world.rows(Interaction))[-1].state == "pending"
    await world.do(lambda s: WRITES[write](s, new))


@pytest.mark.parametrize("write", [name for name in WRITES if name != "renew"])
async def test_after_the_end_nothing_is_written(stage: Stage, write: str) -> None:
    world = stage[0]
    claim = await working(stage)
    await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", {"permission": "bash"}))
    await world.finish(claim)
    lines = len(await world.rows(SessionEvent))
    if write == "answered":  # the ask expired with the run: there is nothing left to settle
        await world.do(lambda s: WRITES[write](s, claim))
    else:
        with pytest.raises(Fenced):
            await world.do(lambda s: WRITES[write](s, claim))
    assert len(await world.rows(SessionEvent)) == lines
    assert await status(world) == ["completed"]


ENDS = [
    ("success", "completed", "ai_review", 0),
    ("cancelled", "cancelled", "todo", 130),
    ("failed", "failed", "human_review", 1),
    ("incomplete", "failed", "human_review", 1),
    ("blocked", "failed", "human_review", 1),
    ("interrupted", "failed", "human_review", 1),
    ("timeout", "failed", "human_review", 124),
]


def test_every_verdict_has_an_end() -> None:
    assert {verdict for verdict, *_ in ENDS} == set(Verdict)


@pytest.mark.parametrize(("verdict", "ended", "column", "exit_code"), ENDS)
async def test_the_end_of_a_run_moves_its_card(
    stage: Stage, verdict: str, ended: str, column: str, exit_code: int
) -> None:
    world, ann, project = stage
    claim = await working(stage)
    world.clock.pass_by(seconds=90)
    diff = [{"file": "a", "status": "added", "additions": 1, "deletions": 0, "patch": "+a"}]
    tokens = {"input": 10, "output": 5, "reasoning": 1, "cache_read": 7}
    await world.finish(
        claim, Verdict(verdict), reason="because", final_output="All done", tokens=tokens, cost=0.25, diff=diff
    )
    run = await world.do(lambda s: s.sessions.get(ann, project.slug, claim.session_id), write=False)
    assert (run.status, run.verdict, run.reason, run.exit_code) == (ended, verdict, "because", exit_code)
    assert (run.final_output, run.cost, run.tokens.cache_read) == ("All done", 0.25, 7)
    card = await world.card(ann, project, claim.task_id)
    assert (card.status, card.execution_duration_ms, card.opencode_output) == (column, 90_000, "All done")
    assert card.run is not None
    assert card.run.tokens == 16
    (last,) = await world.rows(SessionEvent)
    assert last.type == "completion"
    assert last.data["data"] == {
        "verdict": verdict,
        "reason": "because",
        "duration_ms": 90_000,
        "tokens": tokens,
        "cost": 0.25,
    }
    (row,) = await world.rows(OpencodeSession)
    assert (row.diff, row.lease_until, row.last_seq) == (diff, None, 1)
    assert world.rung(WAKE_PUMP) == 2


async def test_the_end_is_whole_or_not_at_all(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", {"permission": "bash"}))
    heard = len(world.bus.messages)

    async def break_off(scope: Scope) -> None:
        await scope.runs.finish(claim, Outcome(Verdict.SUCCESS, final_output="lost"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await world.do(break_off)
    assert await status(world) == ["running"]
    assert [row.type for row in await world.rows(SessionEvent)] == ["ask"]
    assert (await world.rows(Interaction))[-1].state == "pending"
    assert [task.status for task in await world.rows(Task)] == ["in_progress"]
    assert len(world.bus.messages) == heard
    await world.finish(claim)
    assert await status(world) == ["completed"]


async def test_output_is_saved_before_it_is_told(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    topic = output_topic(claim.session_id)
    events = [OutputStatus(data="running"), Output(data="Hello ", part_id="p1"), Output(data="you", part_id="p1")]

    async def lose(scope: Scope) -> None:
        await scope.runs.append(claim, events)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await world.do(lose)
    assert world.rung(topic) == 0
    assert await world.do(lambda s: s.runs.append(claim, events)) == 3
    (message,) = [m for m in world.bus.messages if m.topic == topic]
    assert (message.first, message.last) == (1, 3)
    assert message.body.count(b"\n\n") == 3
    assert b"id: 3\n" in message.body
    (told,) = [event.model_dump() for event in world.announced("session_output")]
    assert (told["output"], told["seq"]) == ("Hello you", 3)
    assert await world.do(lambda s: s.output.last_seq(claim.session_id), write=False) == 3


async def test_boards_hear_only_what_the_run_itself_says(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    quiet = [
        Output(data="hm", part_id="p1", kind="reasoning"),
        Output(data="sub", part_id="p2", child="ses_child"),
        OutputStatus(data="waiting"),
    ]
    await world.do(lambda s: s.runs.append(claim, quiet))
    assert world.announced("session_output") == []
    await world.do(lambda s: s.runs.append(claim, [Output(data="x" * 1000 + "end", part_id="p3")]))
    (told,) = [event.model_dump() for event in world.announced("session_output")]
    assert len(told["output"]) == 400
    assert told["output"].endswith("end")


async def test_boards_hear_once_of_a_file_that_the_agent_changed(stage: Stage) -> None:
    world = stage[0]
    claim = await working(stage)
    await world.do(lambda s: s.runs.append(claim, [OutputFile(path="a.py"), OutputFile(path="a.py")]))
    assert [event.model_dump()["path"] for event in world.announced("file_changed")] == ["a.py"]


async def test_states_are_told_once(stage: Stage) -> None:
    world, ann, project = stage
    claim = await working(stage)
    await world.do(lambda s: s.runs.running(claim))
    for message in ("rate limit", "rate limit", None, None):
        await world.do(lambda s, message=message: s.runs.retrying(claim, message))
    told = [event.model_dump()["status"] for event in world.announced("session_changed")]
    assert told == ["queued", "starting", "running", "running", "running"]
    await world.do(lambda s: s.runs.retrying(claim, "again"))
    card = await world.card(ann, project, claim.task_id)
    assert card.run is not None
    assert card.run.retry_message == "again"
    await world.finish(claim)
    card = await world.card(ann, project, claim.task_id)
    assert card.run is not None
    assert card.run.retry_message is None


async def test_an_ask_is_known_once_and_answered_in_words(stage: Stage) -> None:
    world, ann, project = stage
    claim = await working(stage)
    request = {"permission": "bash", "patterns": ["rm -rf"]}
    assert await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", request))
    assert not await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", request))
    asks = await world.do(lambda s: s.runs.open_asks(claim), write=False)
    assert set(asks) == {"per_1"}
    assert await world.do(lambda s: s.runs.answers(claim), write=False) == []
    await world.do(
        lambda s: s.interactions.answer(
            ann, project.slug, claim.task_id, asks["per_1"], PERMISSION, {"reply": "reject", "message": "not this"}
        )
    )
    ((remote, answer),) = await world.do(lambda s: s.runs.answers(claim), write=False)
    assert (remote, answer.answer) == ("per_1", {"reply": "reject", "message": "not this"})
    await world.do(lambda s: s.runs.answered(claim, "per_1"))
    await world.do(lambda s: s.runs.answered(claim, "per_1"))
    await world.do(lambda s: s.runs.answered(claim, "per_unknown"))
    assert await world.do(lambda s: s.runs.open_asks(claim), write=False) == {}
    assert [row.type for row in await world.rows(SessionEvent)] == ["ask", "answered"]


async def test_a_card_that_was_moved_on_is_left_where_it_is(stage: Stage) -> None:
    """A run that ends late must not take the card away from the run that followed."""
    world = stage[0]
    claim = await working(stage)

    async def newer(scope: Scope) -> None:
        task = await scope.tasks.locked(claim.task_id)
        assert task is not None
        task.current_session_id = claim.config_id

    await world.do(newer)
    await world.finish(claim)
    assert await status(world) == ["completed"]
    assert [task.status for task in await world.rows(Task)] == ["in_progress"]


CROSSING = {
    "finish": lambda s, claim, answer: s.runs.finish(claim, Outcome(Verdict.SUCCESS)),
    "asked": lambda s, claim, answer: s.runs.asked(claim, PERMISSION, "per_2", {}),
    "answer": lambda s, claim, answer: answer(s),
    "append": lambda s, claim, answer: s.runs.append(claim, [OutputStatus(data="running")]),
    "take over": lambda s, claim, answer: s.runs.take_over("two"),
    "let in": lambda s, claim, answer: s.runs.let_in("two"),
}


PAIRS = [(other, holder) for other in CROSSING for holder in ("cancel", "finish")]
PAIRS.remove(("take over", "finish"))  # a run that was taken over has another end


@pytest.mark.parametrize(("other", "holder"), PAIRS)
async def test_people_and_the_pump_do_not_lock_each_other_out(stage: Stage, other: str, holder: str) -> None:
    """Whoever has the card gets the run and its asks as well: others wait for the card before they take those."""
    world, ann, project = stage
    claim, ref = await working(stage), project.slug
    await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", {"permission": "bash"}))
    ((_, ask),) = (await world.do(lambda s: s.runs.open_asks(claim), write=False)).items()
    await world.wait(seconds=16)  # so that there is something to claim

    def answer(scope: Scope) -> Awaitable[Any]:
        return scope.interactions.answer(ann, ref, claim.task_id, ask, PERMISSION, {"reply": "once"})

    async with world.ports.scope() as scope:
        await scope.tasks.require(ann, ref, claim.task_id, lock=True)
        crossing = asyncio.create_task(world.do(lambda s: CROSSING[other](s, claim, answer)))
        await asyncio.sleep(0.1)
        if holder == "cancel":
            await asyncio.wait_for(scope.sessions.cancel(ann, ref, claim.task_id), 5)
        else:
            await asyncio.wait_for(scope.runs.finish(claim, Outcome(Verdict.SUCCESS)), 5)
    (outcome,) = await asyncio.gather(crossing, return_exceptions=True)
    assert isinstance(outcome, Conflict) or not isinstance(outcome, BaseException), outcome


async def test_an_agent_may_say_anything(stage: Stage) -> None:
    """Output of programs holds any character; none of them may stop the run from being written down."""
    world, ann, project = stage
    claim = await working(stage)
    hard = "a\0b \\u0000 \x1b[31m \ufffe 🫖"
    await world.do(lambda s: s.runs.append(claim, [Output(data=hard, part_id="p")]))
    await world.do(lambda s: s.runs.asked(claim, PERMISSION, "per_1", {"permission": "bash", "patterns": [hard]}))
    await world.do(lambda s: s.runs.retrying(claim, hard))
    diff = [{"file": hard, "status": "added", "additions": 1, "deletions": 0, "patch": hard}]
    await world.finish(claim, Verdict.FAILED, reason=hard, final_output=hard, diff=diff)
    kept = hard.replace("\0", "\ufffd")
    run = await world.do(lambda s: s.sessions.get(ann, project.slug, claim.session_id), write=False)
    assert (run.reason, run.final_output) == (kept, kept)
    assert await world.do(lambda s: s.output.texts(claim.session_id), write=False) == {"p": kept}
    (row,) = await world.rows(OpencodeSession)
    assert row.diff is not None
    assert row.diff[0]["patch"] == kept
