"""What the pump does with runs. Every write shows the fence under which the run was claimed: a driver whose lease
was taken over writes nothing any more. Whoever needs both locks the card before the run, as people's actions do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from opm.server.core.errors import Conflict
from opm.server.core.settings import Settings
from opm.server.core.texts import kept
from opm.server.db.models import OpencodeSession, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.interactions.schemas import Interaction, InteractionKind
from opm.server.features.interactions.service import InteractionService
from opm.server.features.sessions.fairness import fair
from opm.server.features.sessions.news import session_changed
from opm.server.features.sessions.queue import RunQueue
from opm.server.features.sessions.repository import SessionRepository
from opm.server.features.sessions.schemas import RunStatus, SubAgent, Verdict
from opm.server.features.tasks.service import TaskService
from opm.server.features.tasks.states import Cause, TaskStatus
from opm.server.realtime.bus import WAKE_PUMP, Bus, Message, output_topic
from opm.wire.events import (
    AnyOutput,
    FileChanged,
    Output,
    OutputAnswered,
    OutputAsk,
    OutputCompletion,
    OutputFile,
    SessionOutput,
)
from opm.wire.sse import frame

_CARD_TEXT = 400


class Fenced(Conflict):
    """Somebody else drives this run now, or it has ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run in the hands of one driver."""

    session_id: UUID
    project_id: UUID
    task_id: UUID
    config_id: UUID
    fence: int
    kind: str
    title: str
    prompt: str
    message_id: str
    remote_session_id: str | None
    incarnation: str | None
    was_running: bool
    """The prompt may have been sent already, by a driver that is no more."""
    lapsed: bool
    """That one did not let go of it: it is gone, or stands still."""
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `tokens` holds input, output, reasoning, cache_read, cache_write."""

    verdict: Verdict
    reason: str | None = None
    final_output: str | None = None
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    cost: float = 0.0
    diff: Sequence[Mapping[str, Any]] | None = None
    children: Sequence[SubAgent] = ()


_ENDS: dict[Verdict, tuple[RunStatus, TaskStatus, Cause, int]] = {
    Verdict.SUCCESS: (RunStatus.COMPLETED, TaskStatus.AI_REVIEW, Cause.SUCCEEDED, 0),
    Verdict.CANCELLED: (RunStatus.CANCELLED, TaskStatus.TODO, Cause.CANCEL, 130),
    Verdict.INCOMPLETE: (RunStatus.FAILED, TaskStatus.HUMAN_REVIEW, Cause.FAILED, 1),
    Verdict.BLOCKED: (RunStatus.FAILED, TaskStatus.HUMAN_REVIEW, Cause.FAILED, 1),
    Verdict.FAILED: (RunStatus.FAILED, TaskStatus.HUMAN_REVIEW, Cause.FAILED, 1),
    Verdict.INTERRUPTED: (RunStatus.FAILED, TaskStatus.HUMAN_REVIEW, Cause.FAILED, 1),
    Verdict.TIMEOUT: (RunStatus.FAILED, TaskStatus.HUMAN_REVIEW, Cause.FAILED, 124),
}

_GOES_ON = frozenset({Verdict.SUCCESS, Verdict.INCOMPLETE})
"""After these the messages that were queued meanwhile are sent; after the others a person decides."""


class RunService:
    def __init__(
        self,
        uow: UnitOfWork,
        tasks: TaskService,
        interactions: InteractionService,
        queue: RunQueue,
        bus: Bus,
        settings: Settings,
    ) -> None:
        self._uow = uow
        self._tasks = tasks
        self._interactions = interactions
        self._queue = queue
        self._bus = bus
        self._settings = settings.run
        self._limits = settings.limits
        self._sessions = SessionRepository(uow.session)

    async def release_all(self) -> None:
        """At the start of the only controller: no lease of before has a living owner."""
        await self._sessions.release_all()

    async def begins_alone(self, claim: Claim) -> bool:
        """Nothing of this run or of another is at work in the pod, so that it may be made anew."""
        return not claim.was_running and not await self._sessions.others_at_work(claim.project_id, claim.session_id)

    async def take_over(self, owner: str, limit: int = 20) -> list[Claim]:
        """Take runs at work that nobody drives any more. They hold their places already, so this waits for nobody."""
        now = await self._uow.database_now()
        return await self._claimed(owner, now, await self._sessions.orphaned(now, limit))

    async def let_in(self, owner: str, limit: int = 20) -> list[Claim]:
        """Take the next of each project's queue, as far as there is room.

        User by user: who has the fewest runs at work goes first, and among these who waits longest.
        """
        await self._sessions.claim_in_turn()
        now = await self._uow.database_now()
        at_work = await self._sessions.at_work()
        room = min(self._limits.runs - sum(at_work.values()), limit)
        if room <= 0:
            return []
        waiting = await self._sessions.next_of_each(self._limits.runs_per_user)
        chosen = fair(waiting, at_work, self._limits.runs_per_user, room)
        return await self._claimed(owner, now, await self._sessions.queued(chosen))

    async def _claimed(self, owner: str, now: datetime, found: Sequence[OpencodeSession]) -> list[Claim]:
        claims: list[Claim] = []
        for run in found:
            was_running, lapsed = run.status != RunStatus.QUEUED, run.lease_until is not None
            run.lease_owner = owner
            run.lease_until = now + timedelta(seconds=self._settings.lease)
            run.fence += 1
            if not was_running:
                run.status = RunStatus.STARTING
                run.execution_start_at = self._uow.now
                self._uow.emit(session_changed(run, self._uow.now))
            claims.append(_claim(run, await self._tasks.title(run.task_id), was_running=was_running, lapsed=lapsed))
        return claims

    async def renew(self, claim: Claim) -> None:
        until = await self._uow.database_now() + timedelta(seconds=self._settings.lease)
        if not await self._sessions.extend(claim.session_id, claim.fence, until):
            raise Fenced("This run is driven by another controller now.")

    async def let_go(self, claims: Sequence[Claim]) -> None:
        """Another controller may go on with these at once."""
        for claim in claims:
            await self._sessions.extend(claim.session_id, claim.fence, None)
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_PUMP)))

    async def require(self, claim: Claim) -> None:
        """For what a driver writes beside its run."""
        await self._mine(claim)

    async def attached(self, claim: Claim, remote_session_id: str, incarnation: str | None) -> None:
        """Known to the agent: saved before the prompt is sent."""
        run = await self._mine(claim)
        run.remote_session_id = remote_session_id
        run.incarnation = incarnation

    async def running(self, claim: Claim) -> None:
        run = await self._mine(claim)
        if run.status != RunStatus.RUNNING:
            run.status = RunStatus.RUNNING
            self._uow.emit(session_changed(run, self._uow.now))

    async def retrying(self, claim: Claim, message: str | None) -> None:
        """What the board says while the provider is tried again; None when it answers."""
        run = await self._mine(claim)
        message = kept(message)
        if run.retry_message != message:
            run.retry_message = message
            self._uow.emit(session_changed(run, self._uow.now))

    async def cancel_requested(self, claim: Claim) -> bool:
        run = await self._sessions.get(claim.session_id)
        return run is None or run.cancel_requested_at is not None

    async def append(self, claim: Claim, events: Sequence[AnyOutput]) -> int:
        """Save output, numbered without gaps, and publish it once saved. Returns the last number."""
        last = await self._sessions.number(claim.session_id, claim.fence, len(events))
        if last is None:
            raise Fenced("This run is driven by another controller now.")
        first = last - len(events) + 1
        rows: list[dict[str, Any]] = [
            {
                "session_id": claim.session_id,
                "seq": first + i,
                "type": event.type,
                "data": event.model_dump(mode="json", exclude_none=True),
                "created_at": self._uow.now,
            }
            for i, event in enumerate(events)
        ]
        await self._sessions.add_events(rows)
        body = b"".join(frame(row["seq"], row["type"], orjson.dumps(row["data"])) for row in rows)
        message = Message(output_topic(claim.session_id), body, first, last)
        self._uow.after_commit(lambda: self._bus.post(message))
        text = "".join(e.data for e in events if isinstance(e, Output) and e.kind == "text" and e.child is None)
        if text:
            self._tell_board(claim, text[-_CARD_TEXT:], last)
        for path in dict.fromkeys(event.path for event in events if isinstance(event, OutputFile)):
            self._uow.emit(
                FileChanged(project_id=claim.project_id, timestamp=self._uow.now, path=path, operation="modify")
            )
        return last

    async def asked(self, claim: Claim, kind: InteractionKind, remote_id: str, request: Mapping[str, Any]) -> bool:
        """The agent asks a human. False when this ask was known."""
        task = await self._tasks.locked(claim.task_id)
        await self._mine(claim)
        if task is None:
            return False
        row = await self._interactions.asked(task, claim.session_id, kind, remote_id, request)
        if row is None:
            return False
        self._uow.note(task.id, f"{kind}_asked", None, interaction=str(row.id))
        await self.append(claim, [OutputAsk(interaction_id=row.id, kind=kind.value)])  # pyright: ignore[reportArgumentType]
        return True

    async def answered(self, claim: Claim, remote_id: str, *, expired: bool = False) -> None:
        row = await self._interactions.settled(claim.project_id, claim.session_id, remote_id, expired=expired)
        if row is not None:
            state = "expired" if expired else "answered"
            await self.append(claim, [OutputAnswered(interaction_id=row.id, state=state)])

    async def worked(self, claim: Claim) -> float:
        """Seconds since the run began, without those in which it waited for a human."""
        run = await self._mine(claim)
        if run.execution_start_at is None:
            return 0.0
        return (self._uow.now - run.execution_start_at).total_seconds() - await self._interactions.waited(run.id)

    async def answers(self, claim: Claim) -> list[tuple[str, Interaction]]:
        """Answers that the agent must be given, each with the agent's name of its ask."""
        waiting = await self._interactions.to_deliver(claim.session_id)
        return [(await self._interactions.remote_id(answer.id), answer) for answer in waiting]

    async def open_asks(self, claim: Claim) -> dict[str, UUID]:
        return await self._interactions.open_asks(claim.session_id)

    async def finish(self, claim: Claim, outcome: Outcome) -> None:
        """The end of a run, its card's move and its last line of output: all of it or nothing."""
        task = await self._tasks.locked(claim.task_id)
        run = await self._mine(claim)
        status, target, cause, exit_code = _ENDS[outcome.verdict]
        run.execution_end_at = self._uow.now
        duration = _milliseconds(run)
        data = {"verdict": outcome.verdict, "reason": outcome.reason, "duration_ms": duration}
        await self.append(
            claim, [OutputCompletion(data={**data, "tokens": dict(outcome.tokens), "cost": outcome.cost})]
        )
        await self._uow.session.refresh(run, ["last_seq"])
        run.status = status
        run.verdict = outcome.verdict
        run.reason = kept(outcome.reason)
        run.retry_message = None
        run.exit_code = exit_code
        run.final_output = kept(outcome.final_output)
        run.tokens = dict(outcome.tokens)
        run.cost = outcome.cost
        run.diff = [dict(item) for item in outcome.diff] if outcome.diff is not None else None
        run.children = [child.model_dump() for child in outcome.children]
        run.lease_until = None
        await self._interactions.closed(run.id, run.final_output or run.reason)
        moved = self._move_card(run, task, target, cause, duration)
        if task is not None and moved and outcome.verdict in _GOES_ON:
            await self._go_on(task, run)
        failed = status == RunStatus.FAILED
        self._uow.audit(
            None, "run.end", ("session", run.id), project=run.project_id, failed=failed, verdict=outcome.verdict
        )
        self._uow.emit(session_changed(run, self._uow.now))
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_PUMP)))

    def _move_card(
        self, run: OpencodeSession, task: Task | None, target: TaskStatus, cause: Cause, duration: int
    ) -> bool:
        if task is None or task.status != TaskStatus.IN_PROGRESS or task.current_session_id != run.id:
            return False
        task.opencode_output = run.final_output or task.opencode_output
        task.execution_duration_ms = duration
        self._tasks.advance(task, target, cause, None, session=str(run.id), verdict=run.verdict, reason=run.reason)
        return True

    async def _go_on(self, task: Task, before: OpencodeSession) -> None:
        """With what people said meanwhile, all of it in one prompt of the same conversation."""
        queued = await self._interactions.queued(task.id)
        if not queued or not await self._queue.takes(task.project_id):
            return
        prompt = "\n\n".join(row.user_prompt or "" for row in queued)
        run = await self._queue.add(task, Cause.FEEDBACK, prompt, by=queued[0].user_id)
        run.remote_session_id = before.remote_session_id
        self._interactions.sent(task, queued, run.id)

    async def _mine(self, claim: Claim) -> OpencodeSession:
        run = await self._sessions.locked(claim.session_id)
        if run is None or run.fence != claim.fence or run.status not in {RunStatus.STARTING, RunStatus.RUNNING}:
            raise Fenced("This run is driven by another controller now, or it was deleted.")
        return run

    def _tell_board(self, claim: Claim, text: str, seq: int) -> None:
        self._uow.emit(
            SessionOutput(
                project_id=claim.project_id,
                timestamp=self._uow.now,
                task_id=claim.task_id,
                session_id=claim.session_id,
                output=text,
                seq=seq,
            )
        )


def _claim(run: OpencodeSession, title: str, *, was_running: bool, lapsed: bool) -> Claim:
    return Claim(
        session_id=run.id,
        project_id=run.project_id,
        task_id=run.task_id,
        config_id=run.config_id,
        fence=run.fence,
        kind=run.kind,
        title=title,
        prompt=run.prompt,
        message_id=run.message_id,
        remote_session_id=run.remote_session_id,
        incarnation=run.incarnation,
        was_running=was_running,
        lapsed=lapsed,
        cancel_requested=run.cancel_requested_at is not None,
    )


def _milliseconds(run: OpencodeSession) -> int:
    if run.execution_start_at is None or run.execution_end_at is None:
        return 0
    return int((run.execution_end_at - run.execution_start_at).total_seconds() * 1000)
