"""Runs and their numbered output, as rows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from opm.server.db.models import Interaction, OpencodeConfig, OpencodeSession, Project, SessionEvent, Task
from opm.server.db.models.session import STATES
from opm.server.db.repository import Repository
from opm.server.features.sessions.schemas import SessionFilter

_ACTIVE = ("starting", "running")
_CLAIMING = 0x6F706D01
"""What controllers on one PostgreSQL agree on as the name of the turn to claim."""
_TURN_SECONDS = 2
"""A turn may stand still for so long: less than others wait for it, which is `database.lock_timeout`."""
_Other = aliased(OpencodeSession)
_ON_THE_BOARD = select(Task.id).where(Task.id == OpencodeSession.task_id, Task.deleted_at.is_(None)).exists()
"""With a deleted card its runs are out of sight, too, until it is restored."""


_TOLD_OF_PROJECTS = ("updated_at", "pod_status", "pod_reason", "desired_state", "workspace_state", "workspace_reason")
_ACTIVE_CONFIG = OpencodeConfig.is_active.is_(True)


def _of(*numbers: ColumnElement[Any], where: ColumnElement[bool]) -> ScalarSelect[str]:
    """Numbers about the rows of one project as one text."""
    text: ColumnElement[str] = literal("")
    for number in numbers:
        text = text + "," + func.coalesce(cast(number, String), "-")
    return select(text).where(where).correlate(Project).scalar_subquery()


class SessionRepository(Repository[OpencodeSession]):
    model = OpencodeSession

    def of_project(self, project_id: UUID) -> Select[OpencodeSession]:
        return select(OpencodeSession).where(OpencodeSession.project_id == project_id)

    def of_task(self, task_id: UUID) -> Select[OpencodeSession]:
        return select(OpencodeSession).where(OpencodeSession.task_id == task_id)

    def narrowed(self, project_id: UUID, wanted: SessionFilter) -> Select[OpencodeSession]:
        query = self.of_project(project_id).where(_ON_THE_BOARD)
        if wanted.status:
            query = query.where(OpencodeSession.status.in_(wanted.status))
        if wanted.task is not None:
            query = query.where(OpencodeSession.task_id == wanted.task)
        if wanted.user is not None:
            query = query.where(OpencodeSession.created_by == wanted.user)
        if wanted.since is not None:
            query = query.where(OpencodeSession.created_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(OpencodeSession.created_at < wanted.until)
        if wanted.q:
            text = wanted.q.lower()
            titled = select(Task.id).where(
                Task.project_id == project_id, func.lower(Task.title).contains(text, autoescape=True)
            )
            asked = func.lower(OpencodeSession.prompt).contains(text, autoescape=True)
            query = query.where(or_(asked, OpencodeSession.task_id.in_(titled)))
        return query

    async def seen(self, project_id: UUID, session_id: UUID) -> OpencodeSession | None:
        return await self.one(self.of_project(project_id).where(OpencodeSession.id == session_id, _ON_THE_BOARD))

    async def newest(self, task_id: UUID) -> OpencodeSession | None:
        return await self.one(self.of_task(task_id).order_by(OpencodeSession.id.desc()).limit(1))

    async def titles(self, task_ids: Sequence[UUID]) -> dict[UUID, str]:
        query = select(Task.id, Task.title).where(Task.id.in_(task_ids))
        return dict((await self.session.execute(query)).all())

    async def locked(self, session_id: UUID) -> OpencodeSession | None:
        return await self.one(select(OpencodeSession).where(OpencodeSession.id == session_id).with_for_update())

    async def versions(self, config_ids: Sequence[UUID]) -> dict[UUID, int]:
        query = select(OpencodeConfig.id, OpencodeConfig.version).where(OpencodeConfig.id.in_(config_ids))
        return dict((await self.session.execute(query)).all())

    async def claim_in_turn(self) -> None:
        """Until this unit of work ends nobody else counts what is at work; on SQLite those who write take turns.

        Everybody's queue stands still meanwhile, so the turn of a process that does not go on is soon taken from it.
        """
        if (await self.session.connection()).dialect.name == "postgresql":
            patience = func.set_config("idle_in_transaction_session_timeout", f"{_TURN_SECONDS}s", True)
            await self.session.execute(select(patience))
            await self.session.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))

    async def orphaned(self, now: datetime, limit: int) -> Sequence[OpencodeSession]:
        """Runs at work without a living driver."""
        query = select(OpencodeSession).where(
            OpencodeSession.status.in_(_ACTIVE),
            or_(OpencodeSession.lease_until.is_(None), OpencodeSession.lease_until < now),
        )
        return await self.all(query.order_by(OpencodeSession.id).limit(limit).with_for_update(skip_locked=True))

    async def at_work(self) -> dict[UUID, int]:
        """How many runs of each user are at work; whose a project is, that one's its runs are."""
        query = (
            select(Project.user_id, func.count())
            .join(OpencodeSession, OpencodeSession.project_id == Project.id)
            .where(OpencodeSession.status.in_(_ACTIVE))
            .group_by(Project.user_id)
        )
        return dict((await self.session.execute(query)).all())

    async def next_of_each(self, per_user: int) -> list[tuple[UUID, UUID]]:
        """Of each queue as many runs as its project may have at work at once, each with the project's owner; of each
        owner the oldest `per_user`.

        A pod works under one version of the configuration: a run with another waits until those before it ended.
        """
        before = (
            select(_Other)
            .where(
                _Other.project_id == OpencodeSession.project_id,
                or_(_Other.status.in_(_ACTIVE), and_(_Other.status == "queued", _Other.id < OpencodeSession.id)),
            )
            .correlate(OpencodeSession)
        )
        ahead = before.with_only_columns(func.count()).scalar_subquery()
        other_version = before.where(_Other.config_id != OpencodeSession.config_id).exists()
        place = func.row_number().over(partition_by=Project.user_id, order_by=OpencodeSession.id).label("place")
        ready = (
            select(OpencodeSession.id, Project.user_id, place)
            .join(Project, Project.id == OpencodeSession.project_id)
            .where(
                OpencodeSession.status == "queued",
                Project.status != "archived",
                # of a workspace that could not be made, the run itself tells
                Project.workspace_state.in_(("ready", "failed")),
                Project.max_concurrent_runs > ahead,
                ~other_version,
            )
            .subquery()
        )
        query = select(ready.c.id, ready.c.user_id).where(ready.c.place <= per_user).order_by(ready.c.id)
        return [(run, owner) for run, owner in (await self.session.execute(query)).all()]

    async def queued(self, ids: Sequence[UUID]) -> Sequence[OpencodeSession]:
        """Those that are still queued, locked; one that somebody works on, to cancel it say, is left out."""
        query = select(OpencodeSession).where(OpencodeSession.id.in_(ids), OpencodeSession.status == "queued")
        return await self.all(query.order_by(OpencodeSession.id).with_for_update(skip_locked=True))

    async def release_all(self) -> None:
        await self.session.execute(
            update(OpencodeSession).where(OpencodeSession.status.in_(_ACTIVE)).values(lease_until=None)
        )

    async def extend(self, session_id: UUID, fence: int, until: datetime | None) -> bool:
        result = await self.session.execute(
            update(OpencodeSession)
            .where(OpencodeSession.id == session_id, OpencodeSession.fence == fence)
            .values(lease_until=until)
            .returning(OpencodeSession.id)
        )
        return result.scalar_one_or_none() is not None

    async def number(self, session_id: UUID, fence: int, count: int) -> int | None:
        """Take the next `count` numbers of a run's output; the last of them, or None for a driver of the past."""
        query = (
            update(OpencodeSession)
            .where(OpencodeSession.id == session_id, OpencodeSession.fence == fence)
            .where(OpencodeSession.status.in_(_ACTIVE))
            .values(last_seq=OpencodeSession.last_seq + count)
            .returning(OpencodeSession.last_seq)
        )
        return (await self.session.execute(query)).scalar_one_or_none()

    async def add_events(self, rows: list[dict[str, Any]]) -> None:
        await self.session.execute(insert(SessionEvent), rows)

    async def events_after(self, session_id: UUID, after: int, limit: int) -> Sequence[Any]:
        query = (
            select(SessionEvent.seq, SessionEvent.type, SessionEvent.data)
            .where(SessionEvent.session_id == session_id, SessionEvent.seq > after)
            .order_by(SessionEvent.seq)
            .limit(limit)
        )
        return (await self.session.execute(query)).all()

    async def last_seq(self, session_id: UUID) -> int:
        query = select(OpencodeSession.last_seq).where(OpencodeSession.id == session_id)
        return (await self.session.execute(query)).scalar_one_or_none() or 0

    async def unfinished(self, project_id: UUID) -> Sequence[OpencodeSession]:
        return await self.all(self.of_project(project_id).where(OpencodeSession.status.in_(("queued", *_ACTIVE))))

    async def active_in(self, task_id: UUID) -> OpencodeSession | None:
        query = self.of_task(task_id).where(OpencodeSession.status.in_(("queued", *_ACTIVE))).with_for_update()
        return await self.one(query.order_by(OpencodeSession.id).limit(1))

    async def previous(self, task_id: UUID) -> OpencodeSession | None:
        """The newest run of a card that reached the agent."""
        query = self.of_task(task_id).where(OpencodeSession.remote_session_id.is_not(None))
        return await self.one(query.order_by(OpencodeSession.id.desc()).limit(1))

    async def marks(self, project_ids: Collection[UUID]) -> dict[UUID, str]:
        """For each project a text that differs when anything on its board does."""
        cards, runs = Task.project_id == Project.id, OpencodeSession.project_id == Project.id
        asks = and_(Interaction.task_id == Task.id, cards)
        query = select(
            Project.id,
            *(getattr(Project, name) for name in _TOLD_OF_PROJECTS),
            _of(func.count(), func.sum(Task.version), where=cards),
            _of(
                *(func.count(), func.sum(OpencodeSession.last_seq), func.count(OpencodeSession.execution_start_at)),
                *(func.count(OpencodeSession.remote_session_id), func.count(OpencodeSession.retry_message)),
                where=runs,
            ),
            _of(
                *(func.count(), func.max(Interaction.user_prompt_at)),
                *(func.sum(case((Interaction.state == state, 1), else_=0)) for state in STATES),
                where=asks,
            ),
            _of(func.max(OpencodeConfig.version), where=and_(OpencodeConfig.project_id == Project.id, _ACTIVE_CONFIG)),
        ).where(Project.id.in_(project_ids))
        return {row[0]: "|".join(map(str, row[1:])) for row in (await self.session.execute(query)).all()}

    async def census(self) -> tuple[dict[str, int], datetime | None]:
        """How many runs are in each state that is no end, and when the oldest that is queued was made."""
        query = (
            select(OpencodeSession.status, func.count(), func.min(OpencodeSession.created_at))
            .where(OpencodeSession.status.in_(("queued", *_ACTIVE)))
            .group_by(OpencodeSession.status)
        )
        rows = (await self.session.execute(query)).all()
        return {row[0]: row[1] for row in rows}, next((row[2] for row in rows if row[0] == "queued"), None)

    async def others_at_work(self, project_id: UUID, session_id: UUID) -> int:
        query = select(func.count()).where(
            OpencodeSession.project_id == project_id,
            OpencodeSession.id != session_id,
            OpencodeSession.status.in_(_ACTIVE),
        )
        return (await self.session.execute(query)).scalar_one()

    async def count_active(self) -> int:
        query = select(func.count()).where(OpencodeSession.status.in_(_ACTIVE))
        return (await self.session.execute(query)).scalar_one()
