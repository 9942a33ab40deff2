"""Cards, and what happened to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.db.base import Base, Identified, one_of

# ranks are compared byte by byte, whatever the language of the database
RANK = String(200).with_variant(String(200, collation="C"), "postgresql")
STATUSES = ("todo", "in_progress", "ai_review", "human_review", "done")


class Task(Identified, Base):
    """`current_session_id` has no foreign key: runs point at cards, and rows of both go together."""

    __tablename__ = "tasks"
    __table_args__ = (
        one_of("status", STATUSES),
        Index(None, "project_id", "status", "rank"),
        Index(None, "project_id", "rank", "id"),
        Index("ix_tasks_file_references", "file_references", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default="todo", index=True)
    rank: Mapped[str] = mapped_column(RANK)
    version: Mapped[int] = mapped_column(default=1)
    current_session_id: Mapped[UUID | None] = mapped_column(index=True)
    opencode_output: Mapped[str | None] = mapped_column(Text)
    execution_duration_ms: Mapped[int | None]
    file_references: Mapped[list[str]] = mapped_column(default=list)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  SQLAlchemy reads it from the class


class TaskEvent(Identified, Base):
    __tablename__ = "task_events"
    __table_args__ = (
        Index(None, "task_id", "id"),
        Index("ix_task_events_metadata", "metadata", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    event_type: Mapped[str] = mapped_column(String(64), index=True)
    actor_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime] = mapped_column(index=True)


class TaskTemplate(Identified, Base):
    __tablename__ = "task_templates"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
