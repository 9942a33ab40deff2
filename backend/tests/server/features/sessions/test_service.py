"""What people do with runs: the queue and its places, cancelling, going on, and the end of a project."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, Invalid, NotFound
from opm.server.core.paging import PageRequest
from opm.server.db.models import AuditLog, Interaction, OpencodeSession, Project
from opm.server.features.interactions.schemas import Feedback
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.schemas import Session, SessionFilter, Verdict
from opm.server.features.tasks.schemas import Task
from opm.server.realtime.bus import WAKE_PUMP, WAKE_RECONCILE, run_topic
from tests.builders import World


class Desk:
    def __init__(self, world: World, ann: Actor, project: ProjectSummary) -> None:
        self.world = world
        self.ann = ann
        self.project = project

    async def cards(self, number: int) -> list[UUID]:
        return [(await self.world.task(self.ann, self.project, f"T{n}")).id for n in range(number)]

    async def execute(self, task_id: UUID) -> Session:
        return await self.world.execute(self.ann, self.project, task_id)

    async def feedback(self, task_id: UUID, message: str = "Go on") -> Session:
        said = Feedback(message=message)
        return await self.world.do(lambda s: s.sessions.feedback(self.ann, self.project.slug, task_id, said))

    async def cancel(self, task_id: UUID) -> Task:
        return await self.world.do(lambda s: s.sessions.cancel(self.ann, self.project.slug, task_id))

    async def runs(self) -> Sequence[Session]:
        page = await self.world.do(
            lambda s: s.sessions.of_project(self.ann, self.project.slug, PageRequest(), SessionFilter()), write=False
        )
        return page.items[::-1]

    async def places(self) -> list[int | None]:
        return [run.queue_position for run in await self.runs()]


@pytest.fixture
async def desk(world: World) -> Desk:
    ann = await world.person("ann")
    return Desk(world, ann, await world.project(ann))


async def test_executing_queues_the_card_with_its_whole_text(desk: Desk) -> None:
    task = await desk.world.task(
        desk.ann, desk.project, "Add a form", description="With two fields.\n", file_references=["a.py", "b/c.py"]
    )
    run = await desk.execute(task.id)
    assert (run.status, run.kind, run.queue_position, run.config_version) == ("queued", "execute", 1, 1)
    assert run.prompt == "# Add a form\n\nWith two fields.\n\nFiles this is about:\n- a.py\n- b/c.py"
    card = await desk.world.card(desk.ann, desk.project, task.id)
    assert (card.status, card.current_session_id) == ("in_progress", run.id)
    assert desk.world.rung(WAKE_PUMP) == 1
    (said,) = await desk.world.rows(Interaction)
    assert (said.kind, said.state, said.user_prompt, said.user_id) == (
        "prompt",
        "answered",
        run.prompt,
        desk.ann.user_id,
    )
    assert [line.action for line in await desk.world.rows(AuditLog)][-1] == "run.start"


async def test_a_card_runs_once_at_a_time(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    await desk.execute(card)
    with pytest.raises(Conflict):
        await desk.execute(card)
    assert len(await desk.runs()) == 1


async def test_the_queue_is_first_in_first_out(desk: Desk) -> None:
    first, second, third, fourth = await desk.cards(4)
    for card in (second, first, fourth, third):
        await desk.execute(card)
    assert await desk.places() == [1, 2, 3, 4]
    (claim,) = await desk.world.claim()
    assert claim.task_id == second
    assert await desk.places() == [None, 1, 2, 3]
    await desk.cancel(fourth)
    assert await desk.places() == [None, 1, None, 2]
    assert await desk.world.claim() == []
    await desk.world.finish(claim)
    assert [claim.task_id for claim in await desk.world.claim()] == [first]


async def test_queues_of_projects_do_not_wait_for_each_other(desk: Desk) -> None:
    other = await desk.world.project(desk.ann, "Other")
    elsewhere = await desk.world.task(desk.ann, other)
    (card,) = await desk.cards(1)
    await desk.execute(card)
    assert (await desk.world.execute(desk.ann, other, elsewhere.id)).queue_position == 1
    assert {claim.project_id for claim in await desk.world.claim()} == {desk.project.id, other.id}


async def test_cancelling_what_only_waits_takes_it_out_at_once(desk: Desk) -> None:
    working, waiting = await desk.cards(2)
    await desk.world.working(desk.ann, desk.project, working)
    await desk.execute(waiting)
    card = await desk.cancel(waiting)
    assert card.status == "todo"
    run = (await desk.runs())[1]
    assert (run.status, run.verdict, run.exit_code) == ("cancelled", "cancelled", 130)
    assert run.execution_end_at == desk.world.clock.now()
    assert (await desk.execute(waiting)).queue_position == 1


async def test_cancelling_what_works_is_a_wish(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    claim = await desk.world.working(desk.ann, desk.project, card)
    assert (await desk.cancel(card)).status == "in_progress"
    assert desk.world.rung(run_topic(claim.session_id)) == 1
    assert await desk.world.do(lambda s: s.runs.cancel_requested(claim), write=False)
    await desk.cancel(card)
    assert desk.world.rung(run_topic(claim.session_id)) == 1
    await desk.world.finish(claim, Verdict.CANCELLED)
    assert (await desk.world.card(desk.ann, desk.project, card)).status == "todo"
    with pytest.raises(Conflict):
        await desk.cancel(card)


async def test_feedback_goes_on_with_the_same_conversation(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    first = await desk.world.done(desk.ann, desk.project, card)
    run = await desk.feedback(card, "Use green")
    assert (run.kind, run.prompt, run.status) == ("feedback", "Use green", "queued")
    assert run.remote_session_id == f"ses_{first.session_id.hex}"
    assert (await desk.world.card(desk.ann, desk.project, card)).status == "in_progress"
    (claim,) = await desk.world.claim()
    assert claim.remote_session_id == run.remote_session_id
    assert claim.message_id != first.message_id
    assert not claim.was_running


async def test_feedback_on_what_never_reached_the_agent_begins_with_the_card(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    await desk.execute(card)
    (claim,) = await desk.world.claim()
    await desk.world.finish(claim, Verdict.FAILED, reason="the pod does not start")
    run = await desk.feedback(card, "Try again")
    assert run.prompt == "# T0\n\nTry again"
    assert run.remote_session_id is None


async def test_feedback_needs_a_card_in_review(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    with pytest.raises(Conflict) as caught:
        await desk.feedback(card)
    assert caught.value.details["source"] == "todo"


async def test_a_run_keeps_the_configuration_it_was_started_with(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    run = await desk.execute(card)
    await desk.world.config(desk.ann, desk.project, api_key="sk-0123456789")
    (claim,) = await desk.world.claim()
    assert claim.config_id == run.config_id
    await desk.world.finish(claim)
    assert [(await desk.feedback(card)).config_version, run.config_version] == [2, 1]


async def test_without_a_model_nothing_starts(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    task = await world.task(ann, project)
    await world.do(lambda s: s.configs._configs.deactivate(project.id))
    with pytest.raises(Conflict) as caught:
        await world.execute(ann, project, task.id)
    assert caught.value.details == {"reason": "no_config"}
    assert (await world.card(ann, project, task.id)).status == "todo"
    assert world.announced("task_status_changed") == []


async def test_without_the_key_that_its_provider_needs_nothing_starts(desk: Desk) -> None:
    ann, project = desk.ann, desk.project
    (card,) = await desk.cards(1)
    await desk.world.config(ann, project, api_key="key-of-a-provider")
    await desk.world.config(ann, project, api_key="")
    with pytest.raises(Invalid, match="Anthropic needs an API key"):
        await desk.execute(card)
    assert (await desk.world.card(ann, project, card)).status == "todo"
    assert not await desk.world.do(lambda s: s.sessions._queue.takes(project.id), write=False)
    await desk.world.config(ann, project, api_key="key-of-a-provider")
    await desk.execute(card)


async def test_deleting_a_project_empties_its_queue(desk: Desk) -> None:
    working, waiting = await desk.cards(2)
    claim = await desk.world.working(desk.ann, desk.project, working)
    await desk.execute(waiting)
    await desk.world.do(lambda s: s.sessions.delete_project(desk.ann, desk.project.slug))
    runs = await desk.world.rows(OpencodeSession)
    assert [run.status for run in runs] == ["running", "cancelled"]
    assert all(run.cancel_requested_at for run in runs)
    assert desk.world.rung(WAKE_RECONCILE) == 1
    assert await desk.world.do(lambda s: s.runs.cancel_requested(claim), write=False)
    await desk.world.finish(claim, Verdict.CANCELLED)
    assert await desk.world.claim() == []
    (project,) = await desk.world.rows(Project)
    assert project.desired_state == "deleted"


async def test_the_chosen_run_is_the_newest_or_the_named_one_of_this_card(desk: Desk) -> None:
    world, ref = desk.world, desk.project.slug
    one, other = await desk.cards(2)
    assert await world.do(lambda s: s.sessions.chosen(desk.ann, ref, one, None), write=False) is None
    first = await world.done(desk.ann, desk.project, one)
    second = await desk.feedback(one)

    async def chosen(task_id: UUID, session_id: UUID | None) -> Any:
        return await world.do(lambda s: s.sessions.chosen(desk.ann, ref, task_id, session_id), write=False)

    assert (await chosen(one, None)).id == second.id
    assert (await chosen(one, first.session_id)).id == first.session_id
    for task_id, session_id in ((other, first.session_id), (one, uuid4())):
        with pytest.raises(NotFound):
            await chosen(task_id, session_id)


async def test_runs_are_listed_by_card_and_project_and_hidden_from_others(desk: Desk) -> None:
    world, ref = desk.world, desk.project.slug
    one, other = await desk.cards(2)
    await world.done(desk.ann, desk.project, one)
    again = await desk.feedback(one)
    beside = await desk.execute(other)
    of_card = await world.do(lambda s: s.sessions.of_task(desk.ann, ref, one, PageRequest(limit=1)), write=False)
    assert [run.id for run in of_card.items] == [again.id]
    assert of_card.next_cursor
    assert [run.id for run in await desk.runs()][1:] == [again.id, beside.id]
    bob = await world.person("bob")
    his = await world.project(bob)
    for actor, place in ((bob, his.slug), (bob, ref)):
        with pytest.raises(NotFound):
            await world.do(lambda s, a=actor, p=place: s.sessions.get(a, p, again.id), write=False)
        with pytest.raises(NotFound):
            await world.do(lambda s, a=actor, p=place: s.output.require(a, p, again.id), write=False)
        with pytest.raises(NotFound):
            await world.do(lambda s, a=actor, p=place: s.sessions.cancel(a, p, other))


async def conversation(desk: Desk, card: UUID) -> list[tuple[str, str, str | None]]:
    rows = await desk.world.rows(Interaction)
    ordered = sorted((row for row in rows if row.task_id == card), key=lambda row: row.sequence_number)
    return [(row.kind, row.state, row.user_prompt) for row in ordered]


async def test_what_is_said_while_the_agent_works_is_sent_when_it_has_finished(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    claim = await desk.world.working(desk.ann, desk.project, card)

    answers = [await desk.feedback(card, text) for text in ("Use green", "And blue")]

    assert [run.id for run in answers] == [claim.session_id] * 2
    assert await conversation(desk, card) == [
        ("prompt", "answered", "# T0"),
        ("feedback", "queued", "Use green"),
        ("feedback", "queued", "And blue"),
    ]
    await desk.world.finish(claim, final_output="Done in red")
    first, second = await desk.runs()
    assert (first.status, first.verdict) == ("completed", "success")
    assert (second.kind, second.status, second.prompt) == ("feedback", "queued", "Use green\n\nAnd blue")
    assert second.remote_session_id == first.remote_session_id
    assert (await desk.world.card(desk.ann, desk.project, card)).status == "in_progress"
    assert [state for _, state, _ in await conversation(desk, card)] == ["answered"] * 3
    (following,) = await desk.world.claim()
    await desk.world.finish(following, final_output="Green and blue")
    last = max(await desk.world.rows(Interaction), key=lambda row: row.sequence_number)
    assert (last.session_id, last.agent_response) == (second.id, "Green and blue")
    assert (await desk.world.card(desk.ann, desk.project, card)).status == "ai_review"


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INTERRUPTED])
async def test_after_a_failure_a_person_decides_what_becomes_of_the_queue(desk: Desk, verdict: Verdict) -> None:
    (card,) = await desk.cards(1)
    claim = await desk.world.working(desk.ann, desk.project, card)
    await desk.feedback(card, "Use green")
    await desk.world.finish(claim, verdict, reason="no")
    assert (await desk.world.card(desk.ann, desk.project, card)).status == "human_review"
    assert (await conversation(desk, card))[-1] == ("feedback", "queued", "Use green")

    run = await desk.world.do(lambda s: s.sessions.send_queued(desk.ann, desk.project.slug, card))

    assert (run.prompt, run.kind) == ("Use green", "feedback")


async def test_what_waited_goes_before_what_is_said_now(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    claim = await desk.world.working(desk.ann, desk.project, card)
    await desk.feedback(card, "First")
    await desk.world.finish(claim, Verdict.FAILED, reason="no")

    assert (await desk.feedback(card, "Second")).prompt == "First\n\nSecond"


async def test_a_queued_message_is_changed_or_taken_back_until_it_is_sent(desk: Desk) -> None:
    world, ref = desk.world, desk.project.slug
    (card,) = await desk.cards(1)
    claim = await world.working(desk.ann, desk.project, card)
    await desk.feedback(card, "Kept")
    await desk.feedback(card, "Taken back")
    kept, gone = [row for row in await world.rows(Interaction) if row.state == "queued"]

    await world.do(lambda s: s.interactions.reword(desk.ann, ref, card, kept.id, "Kept, reworded"))
    await world.do(lambda s: s.interactions.withdraw(desk.ann, ref, card, gone.id))
    bob = await world.person("bob")
    with pytest.raises(NotFound):
        await world.do(lambda s: s.interactions.withdraw(bob, ref, card, kept.id))
    await world.finish(claim)

    assert (await desk.runs())[-1].prompt == "Kept, reworded"
    assert (await conversation(desk, card))[-1] == ("feedback", "withdrawn", "Taken back")
    for row in (kept, gone):
        with pytest.raises(Conflict):
            await world.do(lambda s, r=row: s.interactions.withdraw(desk.ann, ref, card, r.id))


async def test_nothing_goes_on_in_a_project_that_is_being_deleted(desk: Desk) -> None:
    (card,) = await desk.cards(1)
    claim = await desk.world.working(desk.ann, desk.project, card)
    await desk.feedback(card, "Use green")
    await desk.world.do(lambda s: s.sessions.delete_project(desk.ann, desk.project.slug))

    await desk.world.finish(claim)

    assert [run.status for run in await desk.world.rows(OpencodeSession)] == ["completed"]
