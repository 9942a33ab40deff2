"""The exchange on a card, as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from opm.server.db.models import Interaction, OpencodeSession, Project, Task
from opm.server.db.repository import Repository

Position = tuple[datetime, UUID]
"""Where a page ends: the moment by which a list is ordered, and the row."""


class InteractionRepository(Repository[Interaction]):
    model = Interaction

    def of_task(self, task_id: UUID) -> Select[Interaction]:
        return select(Interaction).where(Interaction.task_id == task_id)

    async def of(self, task_id: UUID, interaction_id: UUID) -> Interaction | None:
        query = self.of_task(task_id).where(Interaction.id == interaction_id)
        return await self.one(query.with_for_update())

    async def next_number(self, task_id: UUID) -> int:
        query = select(func.max(Interaction.sequence_number)).where(Interaction.task_id == task_id)
        return ((await self.session.execute(query)).scalar_one() or 0) + 1

    async def by_remote(self, session_id: UUID, remote_id: str) -> Interaction | None:
        return await self.one(
            select(Interaction).where(Interaction.session_id == session_id, Interaction.remote_id == remote_id)
        )

    async def in_state(self, session_id: UUID, states: Sequence[str]) -> Sequence[Interaction]:
        query = select(Interaction).where(Interaction.session_id == session_id, Interaction.state.in_(states))
        return await self.all(query.order_by(Interaction.sequence_number))

    async def prompt_of(self, session_id: UUID) -> Interaction | None:
        """The last of them, when several messages made one prompt."""
        query = select(Interaction).where(
            Interaction.session_id == session_id, Interaction.kind.in_(("prompt", "feedback"))
        )
        return await self.one(query.order_by(Interaction.sequence_number.desc()).limit(1))

    async def queued(self, task_id: UUID) -> Sequence[Interaction]:
        query = self.of_task(task_id).where(Interaction.state == "queued").order_by(Interaction.sequence_number)
        return await self.all(query.with_for_update())

    async def expire(self, session_id: UUID) -> None:
        await self.session.execute(
            update(Interaction)
            .where(Interaction.session_id == session_id, Interaction.state.in_(("pending", "sent")))
            .where(Interaction.kind.in_(("permission", "question")))
            .values(state="expired")
        )

    async def waits(self, session_id: UUID) -> Sequence[tuple[datetime, datetime | None]]:
        """When each of a run's asks was made and answered, in the order of asking."""
        query = (
            select(Interaction.created_at, Interaction.user_prompt_at)
            .where(Interaction.session_id == session_id, Interaction.kind.in_(("permission", "question")))
            .order_by(Interaction.created_at)
        )
        return [(asked, answered) for asked, answered in (await self.session.execute(query)).all()]

    async def open_asks(self, user_id: UUID, after: Position | None, limit: int) -> Sequence[Any]:
        """Of all the user's projects, oldest first, with the card and project each belongs to."""
        query = (
            select(Interaction, Task.title, Project.id, Project.slug, Project.name)
            .join(Task, Task.id == Interaction.task_id)
            .join(Project, Project.id == Task.project_id)
            .where(
                Project.user_id == user_id,
                Project.desired_state != "deleted",
                Project.status != "archived",
                Task.deleted_at.is_(None),
                Interaction.state == "pending",
            )
            .order_by(Interaction.created_at, Interaction.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(_later(Interaction.created_at, Interaction.id, after))
        return (await self.session.execute(query)).all()

    async def waiting_cards(self, user_id: UUID, after: Position | None, limit: int) -> Sequence[Any]:
        """Cards in a review column, longest waiting first."""
        query = (
            select(Task, Project.slug, Project.name, OpencodeSession.status, OpencodeSession.reason)
            .join(Project, Project.id == Task.project_id)
            .outerjoin(OpencodeSession, OpencodeSession.id == Task.current_session_id)
            .where(
                Project.user_id == user_id,
                Project.desired_state != "deleted",
                Project.status != "archived",
                Task.deleted_at.is_(None),
                Task.status.in_(("ai_review", "human_review")),
            )
            .order_by(Task.updated_at, Task.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(_later(Task.updated_at, Task.id, after))
        return (await self.session.execute(query)).all()


def _later(moment: Any, row: Any, after: Position) -> ColumnElement[bool]:
    return or_(moment > after[0], and_(moment == after[0], row > after[1]))
