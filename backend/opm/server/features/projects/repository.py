"""Rows of projects; who owns them is asked here and nowhere else."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select

from opm.server.core.paging import PageRequest
from opm.server.db.models import Interaction, OpencodeConfig, OpencodeSession, Project, Task, User
from opm.server.db.repository import Repository, Rows

_SLUG = re.compile(r"[a-z0-9-]{1,63}")
_LIVE = Project.desired_state != "deleted"


class ProjectRepository(Repository[Project]):
    model = Project

    async def owned(self, user_id: UUID, ref: str | UUID, *, lock: bool = False) -> Project | None:
        """By id or slug, if it is this user's and not deleted."""
        query = select(Project).where(Project.user_id == user_id, _LIVE)
        query = query.with_for_update(key_share=True) if lock else query
        as_id = ref if isinstance(ref, UUID) else _parse(ref)
        found = await self.one(query.where(Project.id == as_id)) if as_id else None
        # a slug may have the form of an id
        if found is not None or not _SLUG.fullmatch(str(ref)):
            return found
        return await self.one(query.where(Project.slug == str(ref)))

    async def page_of(self, user_id: UUID, request: PageRequest, *, archived: bool = False) -> Rows[Project]:
        away = Project.status == "archived"
        query = select(Project).where(Project.user_id == user_id, _LIVE, away if archived else ~away)
        return await self.page(query, request)

    async def count_of(self, user_id: UUID) -> int:
        """How many there are until this unit of work ends: who makes another one meanwhile waits."""
        await self.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
        query = select(func.count()).where(Project.user_id == user_id, _LIVE)
        return (await self.session.execute(query)).scalar_one()

    async def taken_slugs(self, user_id: UUID, stem: str) -> set[str]:
        """Slugs are never used again, so those of deleted projects count."""
        query = select(Project.slug).where(
            Project.user_id == user_id, or_(Project.slug == stem, Project.slug.like(f"{stem}-%"))
        )
        return set((await self.session.execute(query)).scalars())

    async def task_counts(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
        query = (
            select(Task.project_id, Task.status, func.count())
            .where(Task.project_id.in_(ids), Task.deleted_at.is_(None))
            .group_by(Task.project_id, Task.status)
        )
        counts: dict[UUID, dict[str, int]] = {}
        for project_id, status, number in (await self.session.execute(query)).all():
            counts.setdefault(project_id, {})[status] = number
        return counts

    async def pending_asks(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """Cards with an open ask, per project."""
        query = (
            select(Task.project_id, func.count(Interaction.task_id.distinct()))
            .join(Interaction, Interaction.task_id == Task.id)
            .where(Task.project_id.in_(ids), Interaction.state == "pending", Task.deleted_at.is_(None))
            .group_by(Task.project_id)
        )
        return dict((await self.session.execute(query)).all())

    async def active_runs(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        query = (
            select(OpencodeSession.project_id, func.count())
            .where(OpencodeSession.project_id.in_(ids), OpencodeSession.status.in_(("starting", "running")))
            .group_by(OpencodeSession.project_id)
        )
        return dict((await self.session.execute(query)).all())

    async def on_demo(self, ids: Sequence[UUID]) -> set[UUID]:
        query = select(OpencodeConfig.project_id).where(
            OpencodeConfig.project_id.in_(ids), OpencodeConfig.is_active, OpencodeConfig.provider == "demo"
        )
        return set((await self.session.execute(query)).scalars())


def _parse(ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        return None
