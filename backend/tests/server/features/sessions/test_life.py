"""Cards and runs under anything that people, agents and broken controllers may do, in any order.

A state machine over the real services on SQLite: it does what it likes, and after every step the rows must fit
together. What is refused must leave nothing behind, which the same checks see.
"""

import asyncio
import inspect
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from opm.server.core.errors import Conflict, NotFound
from opm.server.db.engine import Database
from opm.server.db.models import Interaction, OpencodeSession, SessionEvent, Task
from opm.server.features.interactions.schemas import Feedback, InteractionKind
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.runs import Claim, Fenced, Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.server.features.tasks.schemas import MoveTask
from opm.server.features.tasks.states import TaskStatus
from opm.server.wiring import Scope
from opm.wire.events import Output
from tests.builders import World
from tests.database import sqlite_address

Result = TypeVar("Result")
Card = tuple[ProjectSummary, UUID]
WORKING = {"starting", "running"}
OPEN = {"queued", *WORKING}
PICK = st.integers(0, 7)


class Life(RuleBasedStateMachine):
    cards: Bundle[Card] = Bundle("cards")
    template: ClassVar[Path]
    seen: ClassVar[Counter[str]]
    """What was reached in all examples together."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="opm-life-"))
        shutil.copy(self.template, self.folder / "opm.db")
        self.database = Database.at(sqlite_address(self.folder / "opm.db"))
        self.world = World(self.database, self.folder)
        self.driven: dict[UUID, Claim] = {}
        self.replaced: list[Claim] = []
        self.ended: dict[UUID, str] = {}

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def run(self, work: Awaitable[Result]) -> Result:
        async def awaited() -> Result:
            return await work

        return self.runner.run(awaited())

    def do(self, work: Callable[[Scope], Awaitable[Result]]) -> Result:
        return self.run(self.world.do(work))

    def may(self, work: Callable[[Scope], Awaitable[Any]], *refusals: type[Exception]) -> Any:
        """Done, or refused for one of the expected reasons."""
        name = inspect.stack()[1].function
        try:
            done = self.do(work)
        except (Conflict, *refusals):
            self.seen[f"{name} refused"] += 1
            return None
        self.seen[name] += 1
        return done

    # --- what people do ------------------------------------------------------------------------------------

    @initialize(target=cards)
    def begin(self) -> Any:
        self.ann = self.run(self.world.person("ann"))
        self.projects = [self.run(self.world.project(self.ann, name)) for name in ("One", "Two")]
        return multiple(self.create(0), self.create(0), self.create(1))

    def create(self, project: int) -> Card:
        place = self.projects[project]
        return place, self.run(self.world.task(self.ann, place)).id

    @rule(target=cards, project=st.integers(0, 1))
    def make(self, project: int) -> Card:
        return self.create(project)

    @rule(card=cards, status=st.sampled_from(TaskStatus), beside=cards, above=st.booleans())
    def move(self, card: Card, status: TaskStatus, beside: Card, above: bool) -> None:
        near = {"before" if above else "after": beside[1]} if beside != card else {}
        move = MoveTask.model_validate({"status": status, **near})
        self.may(lambda s: s.tasks.move(self.ann, card[0].slug, card[1], move), NotFound)

    @rule(card=cards)
    def execute(self, card: Card) -> None:
        self.may(lambda s: s.sessions.execute(self.ann, card[0].slug, card[1]), NotFound)

    @rule(card=cards)
    def feedback(self, card: Card) -> None:
        said = Feedback(message="Go on")
        self.may(lambda s: s.sessions.feedback(self.ann, card[0].slug, card[1], said), NotFound)

    @rule(card=cards)
    def cancel(self, card: Card) -> None:
        self.may(lambda s: s.sessions.cancel(self.ann, card[0].slug, card[1]), NotFound)

    @rule(card=cards)
    def delete(self, card: Card) -> None:
        self.may(lambda s: s.tasks.delete(self.ann, card[0].slug, card[1]), NotFound)

    @rule(card=cards, kind=st.sampled_from([InteractionKind.PERMISSION, InteractionKind.QUESTION]))
    def answer(self, card: Card, kind: InteractionKind) -> None:
        asks = [row for row in self.run(self.world.rows(Interaction)) if row.task_id == card[1] and row.kind == kind]
        answer = {"reply": "once"} if kind == InteractionKind.PERMISSION else {"answers": [["yes"]]}
        gone = any(row.id == card[1] and row.deleted_at for row in self.run(self.world.rows(Task)))
        for ask in asks[-2:]:
            before = ask.state
            done = self.may(
                lambda s, ask=ask: s.interactions.answer(self.ann, card[0].slug, card[1], ask.id, kind, answer),
                NotFound,
            )
            assert (done is not None) == (before == "pending" and not gone)

    # --- what the pump and the agent do --------------------------------------------------------------------

    @rule()
    def claim(self) -> None:
        waiting: dict[UUID, list[UUID]] = defaultdict(list)
        for run in self.run(self.world.rows(OpencodeSession)):
            if run.status == "queued":
                waiting[run.project_id].append(run.id)
        for claim in self.run(self.world.claim()):
            if not claim.was_running:
                assert claim.session_id == min(waiting[claim.project_id]), "first in, first out"
            if claim.session_id in self.driven:
                self.replaced.append(self.driven[claim.session_id])
            self.driven[claim.session_id] = claim
            self.seen["taken over" if claim.was_running else "claimed"] += 1

    def one(self, pick: int) -> Claim:
        return list(self.driven.values())[pick % len(self.driven)]

    @precondition(lambda self: self.driven)
    @rule(pick=PICK)
    def attach(self, pick: int) -> None:
        claim = self.one(pick)
        self.do(lambda s: s.runs.attached(claim, f"ses_{claim.session_id.hex}", "boot"))
        self.do(lambda s: s.runs.running(claim))

    @precondition(lambda self: self.driven)
    @rule(pick=PICK, pieces=st.integers(1, 4))
    def append(self, pick: int, pieces: int) -> None:
        claim = self.one(pick)
        self.do(lambda s: s.runs.append(claim, [Output(data="x", part_id="p")] * pieces))

    @precondition(lambda self: self.driven)
    @rule(pick=PICK, number=st.integers(0, 2), permission=st.booleans())
    def ask(self, pick: int, number: int, permission: bool) -> None:
        claim = self.one(pick)
        kind = InteractionKind.PERMISSION if permission else InteractionKind.QUESTION
        asked = self.do(lambda s: s.runs.asked(claim, kind, f"{kind}_{number}", {}))
        self.seen["asked" if asked else "asked again"] += 1

    @precondition(lambda self: self.driven)
    @rule(pick=PICK, expired=st.booleans())
    def deliver(self, pick: int, expired: bool) -> None:
        claim = self.one(pick)
        for remote in self.do(lambda s: s.runs.open_asks(claim)):
            self.do(lambda s, remote=remote: s.runs.answered(claim, remote, expired=expired))
            self.seen["delivered"] += 1

    @precondition(lambda self: self.driven)
    @rule(pick=PICK, verdict=st.sampled_from(Verdict))
    def finish(self, pick: int, verdict: Verdict) -> None:
        claim = self.driven.pop(self.one(pick).session_id)
        self.do(lambda s: s.runs.finish(claim, Outcome(verdict, reason="why")))
        self.replaced.append(claim)
        self.ended[claim.session_id] = verdict
        self.seen["finish"] += 1

    @precondition(lambda self: self.replaced)
    @rule(pick=PICK)
    def a_driver_of_the_past_tries(self, pick: int) -> None:
        """What it tries at last would be the worst."""
        claim = self.replaced[pick % len(self.replaced)]
        for write in (
            lambda s: s.runs.append(claim, [Output(data="late", part_id="p")]),
            lambda s: s.runs.asked(claim, InteractionKind.PERMISSION, "late", {}),
            lambda s: s.runs.attached(claim, "ses_late", "late"),
            lambda s: s.runs.finish(claim, Outcome(Verdict.SUCCESS)),
        ):
            try:
                self.do(write)
            except Fenced:
                continue
            raise AssertionError("an old driver wrote")
        self.seen["fenced"] += 1

    @rule(at_once=st.booleans())
    def crash(self, at_once: bool) -> None:
        """The controller dies; what it drove is taken over when its leases are out, or by the next one at once."""
        if at_once:
            self.do(lambda s: s.runs.release_all())
        else:
            self.world.clock.pass_by(seconds=16)
        self.claim()

    @precondition(lambda self: self.driven)
    @rule(pick=PICK, number=st.integers(0, 2), permission=st.booleans())
    def ask_and_answer(self, pick: int, number: int, permission: bool) -> None:
        self.ask(pick, number, permission)
        claim = self.one(pick)
        card = next(place for place in self.projects if place.id == claim.project_id), claim.task_id
        self.answer(card, InteractionKind.PERMISSION if permission else InteractionKind.QUESTION)
        self.deliver(pick, expired=False)

    @rule(card=cards, verdict=st.sampled_from(Verdict), asks=st.integers(0, 2))
    def a_whole_run(self, card: Card, verdict: Verdict, asks: int) -> None:
        """So that what comes after runs is reached often."""
        self.execute(card)
        self.claim()
        for pick in range(len(self.driven)):
            self.attach(pick)
        if self.driven:
            for number in range(asks):
                self.ask_and_answer(0, number, permission=number == 0)
            self.finish(0, verdict)

    # --- what must be true at any time -----------------------------------------------------------------------

    @invariant()
    def rows_fit_together(self) -> None:
        tasks = {task.id: task for task in self.run(self.world.rows(Task))}
        runs = {run.id: run for run in self.run(self.world.rows(OpencodeSession))}
        events: dict[UUID, list[SessionEvent]] = defaultdict(list)
        for event in self.run(self.world.rows(SessionEvent)):
            events[event.session_id].append(event)
        self.columns_tell_of_runs(tasks, runs)
        self.one_run_works_in_a_project(runs)
        self.output_is_whole(runs, events)
        self.exchanges_are_numbered(runs)

    @staticmethod
    def columns_tell_of_runs(tasks: dict[UUID, Task], runs: dict[UUID, OpencodeSession]) -> None:
        for task in tasks.values():
            run = runs.get(task.current_session_id) if task.current_session_id else None
            assert (task.status == "in_progress") == (run is not None and run.status in OPEN)
            if task.status == "ai_review":
                assert run is not None
                assert run.verdict == "success"
        for run in runs.values():
            if run.status in OPEN:
                assert tasks[run.task_id].current_session_id == run.id, "no run is at work behind a card's back"

    @staticmethod
    def one_run_works_in_a_project(runs: dict[UUID, OpencodeSession]) -> None:
        for project_id in {run.project_id for run in runs.values()}:
            own = [run for run in runs.values() if run.project_id == project_id]
            working = [run for run in own if run.status in WORKING]
            assert len(working) <= 1
            started = [run.id for run in own if run.fence > 0]
            queued = [run.id for run in own if run.status == "queued"]
            assert not started or not queued or max(started) < min(queued), "nobody jumps the queue"
            assert all(run.lease_owner and run.execution_start_at for run in working)

    def output_is_whole(self, runs: dict[UUID, OpencodeSession], events: dict[UUID, list[SessionEvent]]) -> None:
        for run in runs.values():
            lines = events[run.id]
            assert [line.seq for line in lines] == list(range(1, run.last_seq + 1))
            ends = [line.seq for line in lines if line.type == "completion"]
            assert ends == ([run.last_seq] if run.id in self.ended else [])
            if run.id in self.ended:
                assert run.verdict == self.ended[run.id]
                assert run.execution_end_at is not None
                assert run.lease_until is None
            elif run.status not in OPEN:
                assert (run.status, run.fence) == ("cancelled", 0), "only what never started ends without a word"

    def exchanges_are_numbered(self, runs: dict[UUID, OpencodeSession]) -> None:
        numbers: dict[UUID, list[int]] = defaultdict(list)
        for row in self.run(self.world.rows(Interaction)):
            numbers[row.task_id].append(row.sequence_number)
            if row.state in {"pending", "sent"}:
                assert row.session_id is not None
                assert runs[row.session_id].status in WORKING, "nobody is asked what nobody waits for"
        for found in numbers.values():
            assert sorted(found) == list(range(1, len(found) + 1))


@pytest.mark.timeout(400)  # a life that went wrong is made as short as can be, which takes minutes
@pytest.mark.parametrize("lives", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_any_life_of_cards_and_runs(sqlite_template: Path, lives: int) -> None:
    Life.template, Life.seen = sqlite_template, Counter()
    case = Life.TestCase
    case.settings = settings(
        max_examples=lives,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )
    case("runTest").runTest()
    assert {"execute", "claimed", "asked", "answer", "delivered", "finish"} <= set(Life.seen)
