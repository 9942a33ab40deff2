"""Wishes for pods, read for the loops; what is seen of pods, written for everybody."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import aliased

from opm.server.db.models import AuditLog, OpencodeSession, Project
from opm.server.db.repository import Repository

_BUSY = (
    select(OpencodeSession.id)
    .where(OpencodeSession.project_id == Project.id, OpencodeSession.status.in_(("starting", "running")))
    .exists()
)


_CLONING = and_(Project.workspace_state == "cloning", Project.status != "archived", Project.desired_state != "deleted")
_IN_USE = or_(_BUSY, _CLONING)


class WorkspaceRepository(Repository[Project]):
    model = Project

    async def wishes(self) -> Sequence[Any]:
        """Of every project whose pod is wanted, or is there although it is not wanted."""
        query = select(
            Project.id,
            Project.desired_state,
            Project.last_used_at,
            _IN_USE.label("busy"),
            Project.idle_stop_seconds,
            Project.pod_status,
            Project.pod_reason,
        ).where(
            or_(
                and_(Project.desired_state == "deleted", Project.archived_at.is_(None)),
                and_(
                    Project.desired_state != "deleted",
                    or_(Project.desired_state != "stopped", Project.pod_status != "absent"),
                ),
            ),
        )
        return (await self.session.execute(query)).all()

    async def deleted_among(self, ids: Collection[UUID]) -> Sequence[UUID]:
        query = select(Project.id).where(
            Project.id.in_(ids), Project.desired_state == "deleted", Project.archived_at.is_not(None)
        )
        return (await self.session.execute(query)).scalars().all()

    async def to_be_cloned(self) -> Sequence[UUID]:
        query = select(Project.id).where(
            Project.workspace_state.in_(("waiting", "cloning")),
            Project.status != "archived",
            Project.desired_state != "deleted",
        )
        return (await self.session.execute(query.order_by(Project.id))).scalars().all()

    async def locked(self, project_id: UUID) -> Project | None:
        """As it is now, whatever this unit of work has read before."""
        query = select(Project).where(Project.id == project_id).with_for_update(key_share=True)
        return await self.one(query.execution_options(populate_existing=True))

    async def is_busy(self, project_id: UUID) -> bool:
        return await self._is(_BUSY, project_id)

    async def in_use(self, project_id: UUID) -> bool:
        """By a run or by a clone."""
        return await self._is(_IN_USE, project_id)

    async def has_runs(self, project_id: UUID) -> bool:
        """At work or waiting in the queue."""
        statuses = ("queued", "starting", "running")
        query = select(OpencodeSession.id).where(
            OpencodeSession.project_id == project_id, OpencodeSession.status.in_(statuses)
        )
        return (await self.session.execute(query.limit(1))).first() is not None

    async def used(self, project_id: UUID, now: datetime) -> None:
        await self.session.execute(update(Project).where(Project.id == project_id).values(last_used_at=now))

    async def _is(self, so: ColumnElement[bool], project_id: UUID) -> bool:
        query = select(so).select_from(Project).where(Project.id == project_id)
        return bool((await self.session.execute(query)).scalar_one_or_none())


class TerminalLines(Repository[AuditLog]):
    """Terminals as the audit log knows them: it is the one record that outlives their pod."""

    model = AuditLog

    async def still_open(self, ids: Collection[str] | None = None) -> Sequence[tuple[UUID, str]]:
        """Project and id of those that the log knows to be opened and not to be closed; all, or of these."""
        closed = aliased(AuditLog)
        ended = (
            select(closed.id)
            .where(closed.resource_id == AuditLog.resource_id, closed.action == "terminal.closed")
            .where(closed.project_id == AuditLog.project_id)
            .exists()
        )
        query = select(AuditLog.project_id, AuditLog.resource_id).where(AuditLog.action == "terminal.opened", ~ended)
        if ids is not None:
            query = query.where(AuditLog.resource_id.in_(ids))
        rows = (await self.session.execute(query)).all()
        return [(project, ref) for project, ref in rows if project and ref]
