"""What the agent asks and humans answer, and what humans say and the agent answers.

An answer is a wish: it is saved as ``sent``, the run's driver carries it to the agent.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest, cursor_after
from opm.server.db.models import Interaction, OpencodeSession, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.interactions import attention, schemas
from opm.server.features.interactions.repository import InteractionRepository
from opm.server.features.interactions.schemas import InteractionKind, InteractionState
from opm.server.features.tasks.service import TaskService
from opm.server.realtime.bus import Bus, Message, run_topic
from opm.wire.events import InteractionChanged

LONGEST_PROMPT = 256 << 10


class InteractionService:
    def __init__(self, uow: UnitOfWork, tasks: TaskService, bus: Bus) -> None:
        self._uow = uow
        self._tasks = tasks
        self._bus = bus
        self._interactions = InteractionRepository(uow.session)

    async def page(self, actor: Actor, ref: str, task_id: UUID, request: PageRequest) -> Page[schemas.Interaction]:
        task = await self._tasks.require(actor, ref, task_id)
        page = await self._interactions.page(self._interactions.of_task(task.id), request, newest_first=False)
        return Page(items=[schemas.Interaction.model_validate(row) for row in page.items], next_cursor=page.next_cursor)

    async def answer(
        self, actor: Actor, ref: str, task_id: UUID, interaction_id: UUID, kind: InteractionKind, answer: dict[str, Any]
    ) -> schemas.Interaction:
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        row = await self._interactions.of(task.id, interaction_id)
        if row is None or row.kind != kind:
            raise NotFound(f"There is no such {kind} on this card.")
        if row.state != InteractionState.PENDING:
            raise Conflict("This was answered already, or the agent no longer waits for it.", state=row.state)
        row.state = InteractionState.SENT
        row.answer = answer
        row.user_id = actor.user_id
        row.user_prompt = _in_words(answer)
        row.user_prompt_at = self._uow.now
        self._uow.note(task.id, f"{kind}_answered", actor.user_id, interaction=str(row.id), **_decision(answer))
        if kind == InteractionKind.PERMISSION:
            self._uow.audit(
                actor,
                "permission.decide",
                ("interaction", row.id),
                project=task.project_id,
                reply=answer.get("reply"),
                permission=row.request.get("permission"),
            )
        self._announce(task.project_id, row)
        self._ring(row)
        return schemas.Interaction.model_validate(row)

    async def said(self, task: Task, run: OpencodeSession, actor: Actor, kind: InteractionKind, text: str) -> None:
        """A human's own words: the prompt of a run, or feedback on one."""
        row = self._new(
            task, run.id, kind, InteractionState.ANSWERED, await self._interactions.next_number(task.id), None
        )
        row.user_prompt = text
        row.user_id = actor.user_id
        row.user_prompt_at = self._uow.now
        self._announce(task.project_id, row)

    async def queue(self, task: Task, actor: Actor, text: str) -> None:
        """A message that is sent when the agent has finished what it is doing."""
        await self._require_room(task, text)
        number = await self._interactions.next_number(task.id)
        row = self._new(task, None, InteractionKind.FEEDBACK, InteractionState.QUEUED, number, None)
        row.user_prompt = text
        row.user_id = actor.user_id
        row.user_prompt_at = self._uow.now
        self._announce(task.project_id, row)

    async def queued(self, task_id: UUID) -> Sequence[Interaction]:
        return await self._interactions.queued(task_id)

    def sent(self, task: Task, queued: Sequence[Interaction], session_id: UUID) -> None:
        for row in queued:
            row.session_id = session_id
            row.state = InteractionState.ANSWERED
            self._announce(task.project_id, row)

    async def reword(
        self, actor: Actor, ref: str, task_id: UUID, interaction_id: UUID, text: str
    ) -> schemas.Interaction:
        task, row = await self._still_queued(actor, ref, task_id, interaction_id)
        await self._require_room(task, text, instead_of=row.id)
        row.user_prompt = text
        row.user_prompt_at = self._uow.now
        self._announce(task.project_id, row)
        return schemas.Interaction.model_validate(row)

    async def _require_room(self, task: Task, text: str, instead_of: UUID | None = None) -> None:
        """What waits is sent in one prompt, and a prompt has its largest size."""
        waiting = [row for row in await self._interactions.queued(task.id) if row.id != instead_of]
        if len(text) + sum(len(row.user_prompt or "") for row in waiting) > LONGEST_PROMPT:
            raise Conflict(
                f"The messages that wait on this card may have {LONGEST_PROMPT} characters together; withdraw one, or "
                "say this in fewer words.",
                reason="too_much_queued",
            )

    async def withdraw(self, actor: Actor, ref: str, task_id: UUID, interaction_id: UUID) -> None:
        task, row = await self._still_queued(actor, ref, task_id, interaction_id)
        row.state = InteractionState.WITHDRAWN
        self._announce(task.project_id, row)

    async def _still_queued(
        self, actor: Actor, ref: str, task_id: UUID, interaction_id: UUID
    ) -> tuple[Task, Interaction]:
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        row = await self._interactions.of(task.id, interaction_id)
        if row is None:
            raise NotFound("There is no such message on this card.")
        if row.state != InteractionState.QUEUED:
            raise Conflict(
                "This message does not wait any more; the agent has it, or it was withdrawn.", state=row.state
            )
        return task, row

    async def asked(
        self, task: Task, session_id: UUID, kind: InteractionKind, remote_id: str, request: Mapping[str, Any]
    ) -> Interaction | None:
        """The agent asks; None when this ask is known already."""
        if await self._interactions.by_remote(session_id, remote_id) is not None:
            return None
        number = await self._interactions.next_number(task.id)
        row = self._new(task, session_id, kind, InteractionState.PENDING, number, remote_id)
        row.request = dict(request)
        row.agent_response_at = self._uow.now
        await self._uow.flush()
        self._announce(task.project_id, row)
        return row

    async def waited(self, session_id: UUID) -> float:
        """Seconds that a run has spent waiting for a human, until now."""
        total, until = 0.0, None
        for asked, answered in await self._interactions.waits(session_id):
            begin, end = max(asked, until or asked), answered or self._uow.now
            total += max((end - begin).total_seconds(), 0)
            until = max(end, until or end)
        return total

    async def settled(
        self, project_id: UUID, session_id: UUID, remote_id: str, *, expired: bool = False
    ) -> Interaction | None:
        """The agent has its answer, or waits no more; None when nothing changed by that."""
        row = await self._interactions.by_remote(session_id, remote_id)
        if row is None or row.state in {InteractionState.ANSWERED, InteractionState.EXPIRED}:
            return None
        row.state = InteractionState.EXPIRED if expired else InteractionState.ANSWERED
        self._announce(project_id, row)
        return row

    async def to_deliver(self, session_id: UUID) -> list[schemas.Interaction]:
        rows = await self._interactions.in_state(session_id, [InteractionState.SENT])
        return [schemas.Interaction.model_validate(row) for row in rows]

    async def open_asks(self, session_id: UUID) -> dict[str, UUID]:
        """What the agent calls each open ask of a run, and what we call it."""
        rows = await self._interactions.in_state(session_id, [InteractionState.PENDING, InteractionState.SENT])
        return {row.remote_id: row.id for row in rows if row.remote_id is not None}

    async def remote_id(self, interaction_id: UUID) -> str:
        row = await self._interactions.get(interaction_id)
        if row is None or row.remote_id is None:
            raise NotFound("There is no such ask.")
        return row.remote_id

    async def closed(self, session_id: UUID, response: str | None) -> None:
        """A run is over: its open asks expire, and what it said answers what was said to it."""
        await self._interactions.expire(session_id)
        prompt = await self._interactions.prompt_of(session_id)
        if prompt is not None and response is not None:
            prompt.agent_response = response
            prompt.agent_response_at = self._uow.now

    async def attention(self, actor: Actor, request: PageRequest) -> Page[schemas.Attention]:
        """Everything that waits for this person: asks first, then cards to review, each longest waiting first."""
        part, after = attention.position(request)
        most = request.limit + 1
        found: list[tuple[str, schemas.Attention]] = []
        if part == attention.ASKS:
            asks = await self._interactions.open_asks(actor.user_id, after, most)
            found = [attention.of_ask(*row) for row in asks]
            after = None
        if len(found) < most:
            cards = await self._interactions.waiting_cards(actor.user_id, after, most - len(found))
            found += [attention.of_card(*row) for row in cards]
        items = [item for _, item in found[: request.limit]]
        return Page(items=items, next_cursor=cursor_after(found[len(items) - 1][0]) if len(found) == most else None)

    def _new(
        self,
        task: Task,
        session_id: UUID | None,
        kind: InteractionKind,
        state: InteractionState,
        number: int,
        remote_id: str | None,
    ) -> Interaction:
        return self._interactions.add(
            Interaction(
                id=new_id(),
                task_id=task.id,
                session_id=session_id,
                sequence_number=number,
                kind=kind,
                state=state,
                remote_id=remote_id,
                request={},
                created_at=self._uow.now,
            )
        )

    def _announce(self, project_id: UUID, row: Interaction) -> None:
        self._uow.emit(
            InteractionChanged(
                project_id=project_id,
                timestamp=self._uow.now,
                task_id=row.task_id,
                session_id=row.session_id,
                interaction_id=row.id,
                kind=row.kind,
                state=row.state,
            )
        )

    def _ring(self, row: Interaction) -> None:
        session_id = row.session_id
        if session_id is not None:
            self._uow.after_commit(lambda: self._bus.post(Message(run_topic(session_id))))


def _in_words(answer: Mapping[str, Any]) -> str:
    if "reply" in answer:
        return ": ".join(part for part in (answer["reply"], answer.get("message")) if part)
    if answer.get("reject"):
        return "dismissed"
    return "; ".join(", ".join(chosen) for chosen in answer["answers"])


def _decision(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the card's history keeps of an answer: the choice, and none of a person's own words."""
    return {name: answer[name] for name in ("reply", "reject") if name in answer}
