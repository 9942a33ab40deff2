"""Cards as rows, and the board as one query."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, and_, bindparam, case, delete, func, null, or_, select, tuple_
from sqlalchemy.orm import aliased

from opm.server.core.errors import Invalid
from opm.server.core.paging import PageRequest, cursor_after
from opm.server.core.settings import LimitSettings
from opm.server.db.models import Interaction, OpencodeSession, Project, Task, TaskEvent, TaskTemplate
from opm.server.db.repository import Repository
from opm.server.features.tasks import order
from opm.server.features.tasks.schemas import TaskFilter

_Queued = aliased(OpencodeSession)
_position = (
    select(func.count())
    .where(
        _Queued.project_id == OpencodeSession.project_id,
        _Queued.status == "queued",
        _Queued.id <= OpencodeSession.id,
    )
    .correlate(OpencodeSession)
    .scalar_subquery()
)
_ask = (
    select(func.max(Interaction.kind))
    .where(Interaction.task_id == Task.id, Interaction.state == "pending")
    .correlate(Task)
    .scalar_subquery()
)
_asked_at = (
    select(func.min(Interaction.created_at))
    .where(Interaction.task_id == Task.id, Interaction.state == "pending")
    .correlate(Task)
    .scalar_subquery()
)
_no_workspace = (
    select(Project.id)
    .where(Project.id == OpencodeSession.project_id, Project.workspace_state.in_(("waiting", "cloning")))
    .correlate(OpencodeSession)
    .exists()
)
_Other = aliased(OpencodeSession)
_AT_WORK = _Other.status.in_(("starting", "running"))
_before = (
    select(_Other.id)
    .where(
        _Other.project_id == OpencodeSession.project_id,
        or_(_AT_WORK, and_(_Other.status == "queued", _Other.id < OpencodeSession.id)),
    )
    .correlate(OpencodeSession)
)
_width = (
    select(Project.max_concurrent_runs)
    .where(Project.id == OpencodeSession.project_id)
    .correlate(OpencodeSession)
    .scalar_subquery()
)
_Owned = aliased(Project)
_owner = (
    select(Project.user_id).where(Project.id == OpencodeSession.project_id).correlate(OpencodeSession).scalar_subquery()
)
_at_work_of_owner = (
    select(func.count())
    .select_from(_Other)
    .join(_Owned, _Owned.id == _Other.project_id)
    .where(_AT_WORK, _Owned.user_id == _owner)
    .correlate(OpencodeSession)
    .scalar_subquery()
)
_at_work = select(func.count()).select_from(_Other).where(_AT_WORK).scalar_subquery()
_waits_for = case(
    (or_(OpencodeSession.id.is_(None), OpencodeSession.status != "queued"), null()),
    (_no_workspace, "workspace"),
    (
        or_(
            _before.with_only_columns(func.count()).scalar_subquery() >= _width,
            # a pod works under one version of the configuration at a time
            _before.where(_Other.config_id != OpencodeSession.config_id).exists(),
        ),
        "project",
    ),
    (_at_work_of_owner >= bindparam("runs_per_user", type_=Integer), "user"),
    (_at_work >= bindparam("runs", type_=Integer), "server"),
    else_=null(),
)
"""What a queued run waits for, in the order in which it would have to wait; nothing: it starts in a moment."""
_WAITS = "Waits until the repository is cloned."
_reason = case((and_(OpencodeSession.status == "queued", _no_workspace), _WAITS), else_=OpencodeSession.reason)
_FIELDS = (
    *(getattr(Task, name) for name in (
        "id", "project_id", "title", "description", "status", "rank", "version", "current_session_id",
        "execution_duration_ms", "file_references", "created_by", "created_at", "updated_at",
    )),
    _ask.label("ask"),
    _asked_at.label("asked_at"),
    OpencodeSession.id.label("run_id"),
    OpencodeSession.status.label("run_status"),
    OpencodeSession.verdict,
    _reason.label("reason"),
    OpencodeSession.retry_message,
    OpencodeSession.execution_start_at,
    OpencodeSession.execution_end_at,
    OpencodeSession.tokens,
    OpencodeSession.cost,
    case((OpencodeSession.status == "queued", _position), else_=None).label("queue_position"),
    _waits_for.label("waits_for"),
)  # fmt: skip
_HERE = Task.deleted_at.is_(None)
_WITH_RUN = OpencodeSession.id == Task.current_session_id
_CARD: Any = select(*_FIELDS, Task.opencode_output).outerjoin(OpencodeSession, _WITH_RUN)
_CARDS: Any = select(*_FIELDS, func.substr(Task.opencode_output, 1, 300).label("opencode_output")).outerjoin(
    OpencodeSession, _WITH_RUN
)


class TaskRepository(Repository[Task]):
    model = Task

    async def of(self, project_id: UUID, task_id: UUID, *, lock: bool = False) -> Task | None:
        query = select(Task).where(Task.id == task_id, Task.project_id == project_id, _HERE)
        return await self.one(query.with_for_update() if lock else query)

    async def locked(self, task_id: UUID) -> Task | None:
        return await self.one(select(Task).where(Task.id == task_id).with_for_update())

    async def cards(
        self, project_id: UUID, request: PageRequest, wanted: TaskFilter, limits: LimitSettings
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of the board in order of rank."""
        query = _filtered(_CARDS.where(Task.project_id == project_id, _HERE), wanted)
        after = request.position()
        if after is not None:
            rank, _, task_id = after.partition("|")
            try:
                order.check(rank)
                query = query.where(tuple_(Task.rank, Task.id) > tuple_(rank, UUID(task_id)))
            except ValueError as exc:
                raise Invalid("The cursor is not one of ours; start again without it.", field="cursor") from exc
        query = query.order_by(Task.rank, Task.id).limit(request.limit + 1)
        rows = (await self.session.execute(query, _quotas(limits))).mappings().all()
        cards = [_card(row) for row in rows[: request.limit]]
        more = len(rows) > request.limit
        return cards, cursor_after(f"{cards[-1]['rank']}|{cards[-1]['id']}") if more else None

    async def card(self, task_id: UUID, limits: LimitSettings) -> dict[str, Any] | None:
        query = _CARD.where(Task.id == task_id, _HERE)
        row = (await self.session.execute(query, _quotas(limits))).mappings().one_or_none()
        return None if row is None else _card(row)

    async def waiting(self, runs: Sequence[UUID], limits: LimitSettings) -> dict[UUID, tuple[int, str | None]]:
        query = select(OpencodeSession.id, _position, _waits_for)
        query = query.where(OpencodeSession.id.in_(runs), OpencodeSession.status == "queued")
        return {run: (place, why) for run, place, why in (await self.session.execute(query, _quotas(limits))).all()}

    async def neighbours(self, project_id: UUID, status: str, moving: UUID) -> list[tuple[UUID, str]]:
        """Id and rank of a column's cards, in order, without the one that moves."""
        query = (
            select(Task.id, Task.rank)
            .where(Task.project_id == project_id, Task.status == status, Task.id != moving, _HERE)
            .order_by(Task.rank, Task.id)
        )
        return [(i, r) for i, r in (await self.session.execute(query)).all()]

    async def last_rank(self, project_id: UUID) -> str | None:
        query = select(func.max(Task.rank)).where(Task.project_id == project_id)
        return (await self.session.execute(query)).scalar_one()

    async def column(self, project_id: UUID, status: str) -> list[Task]:
        query = select(Task).where(Task.project_id == project_id, Task.status == status, _HERE)
        return list(await self.all(query.order_by(Task.rank, Task.id)))

    async def some(self, project_id: UUID, ids: Sequence[UUID], *, deleted_after: datetime | None) -> dict[UUID, Task]:
        """Locked, in one order for everybody; those on the board, or those deleted since then."""
        here = _HERE if deleted_after is None else Task.deleted_at > deleted_after
        query = select(Task).where(Task.project_id == project_id, Task.id.in_(ids), here)
        rows = await self.all(query.order_by(Task.id).with_for_update(of=Task))
        return {row.id: row for row in rows}

    async def deleted(
        self, project_id: UUID, request: PageRequest, since: datetime
    ) -> tuple[Sequence[Task], str | None]:
        """One page of those deleted since then, the last first."""
        query = select(Task).where(Task.project_id == project_id, Task.deleted_at > since)
        after = request.position()
        if after is not None:
            moment, _, task_id = after.partition("|")
            try:
                query = query.where(
                    tuple_(Task.deleted_at, Task.id) < tuple_(datetime.fromisoformat(moment), UUID(task_id))
                )
            except ValueError as exc:
                raise Invalid("The cursor is not one of ours; start again without it.", field="cursor") from exc
        rows = await self.all(query.order_by(Task.deleted_at.desc(), Task.id.desc()).limit(request.limit + 1))
        page, more = rows[: request.limit], len(rows) > request.limit
        return page, cursor_after(f"{page[-1].deleted_at}|{page[-1].id}") if more else None

    async def purge(self, deleted_before: datetime) -> None:
        await self.session.execute(delete(Task).where(Task.deleted_at <= deleted_before))


class TaskEventRepository(Repository[TaskEvent]):
    model = TaskEvent

    def about(self, task_id: UUID) -> Select[TaskEvent]:
        return select(TaskEvent).where(TaskEvent.task_id == task_id)

    async def last_step(self, task_id: UUID) -> TaskEvent | None:
        """The newest change of column."""
        query = self.about(task_id).where(TaskEvent.event_type == "status_changed")
        return await self.one(query.order_by(TaskEvent.id.desc()).limit(1))


class TemplateRepository(Repository[TaskTemplate]):
    model = TaskTemplate

    def of_project(self, project_id: UUID) -> Select[TaskTemplate]:
        return select(TaskTemplate).where(TaskTemplate.project_id == project_id)

    async def count(self, project_id: UUID) -> int:
        query = select(func.count()).where(TaskTemplate.project_id == project_id)
        return (await self.session.execute(query)).scalar_one()

    async def named(self, project_id: UUID, name: str) -> TaskTemplate | None:
        query = select(TaskTemplate).where(TaskTemplate.project_id == project_id, TaskTemplate.name == name)
        return await self.one(query)


def _filtered(query: Any, wanted: TaskFilter) -> Any:
    if wanted.q:
        # `lower` on both sides: the two databases then agree about letters beyond ASCII
        pattern = f"%{_literal(wanted.q.lower())}%"
        found = [func.lower(column).like(pattern, escape="\\") for column in (Task.title, Task.description)]
        query = query.where(or_(*found))
    if wanted.status:
        query = query.where(Task.status.in_(wanted.status))
    if wanted.author is not None:
        query = query.where(Task.created_by == wanted.author)
    if wanted.needs_you is not None:
        waits = or_(_ask.is_not(None), Task.status.in_(("ai_review", "human_review")))
        query = query.where(waits if wanted.needs_you else ~waits)
    return query


def _quotas(limits: LimitSettings) -> dict[str, int]:
    return {"runs_per_user": limits.runs_per_user, "runs": limits.runs}


def _literal(text: str) -> str:
    """As LIKE takes it: no character stands for others."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _card(row: Any) -> dict[str, Any]:
    card = dict(row)
    tokens: dict[str, int] = card.pop("tokens") or {}
    run: dict[str, Any] = {
        "id": card.pop("run_id"),
        "status": card.pop("run_status"),
        "verdict": card.pop("verdict"),
        "reason": card.pop("reason"),
        "queue_position": card.pop("queue_position"),
        "waits_for": card.pop("waits_for"),
        "retry_message": card.pop("retry_message"),
        "execution_start_at": card.pop("execution_start_at"),
        "execution_end_at": card.pop("execution_end_at"),
        "tokens": tokens.get("input", 0) + tokens.get("output", 0) + tokens.get("reasoning", 0),
        "cost": card.pop("cost") or 0.0,
    }
    card["attention"] = _attention(card.pop("ask"), card["status"], run["status"])
    card["run"] = run if run["id"] is not None else None
    return card


def _attention(ask: str | None, status: str, run_status: str | None) -> str | None:
    if ask is not None:
        return ask
    if status == "human_review" and run_status == "failed":
        return "failed"
    return "review" if status in {"ai_review", "human_review"} else None
