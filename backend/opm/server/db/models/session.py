"""Runs of the agent, their numbered output, and the exchange with humans."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.db.base import Base, Identified, JsonColumn, one_of

STATUSES = ("queued", "starting", "running", "completed", "failed", "cancelled")
KINDS = ("prompt", "feedback", "permission", "question")
STATES = ("pending", "queued", "sent", "answered", "expired", "withdrawn")


class OpencodeSession(Identified, Base):
    """`fence` grows with every owner: a write that shows an older one is refused. `last_seq` numbers the output."""

    __tablename__ = "opencode_sessions"
    __table_args__ = (one_of("status", STATUSES), Index(None, "project_id", "status"))

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    config_id: Mapped[UUID] = mapped_column(ForeignKey("opencode_configs.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str] = mapped_column(String(16), default="execute")
    rerun_of: Mapped[UUID | None]
    remote_session_id: Mapped[str | None] = mapped_column(String(128), index=True)
    message_id: Mapped[str] = mapped_column(String(128))
    incarnation: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    retry_message: Mapped[str | None] = mapped_column(Text)
    prompt: Mapped[str] = mapped_column(Text)
    final_output: Mapped[str | None] = mapped_column(Text)
    exit_code: Mapped[int | None]
    tokens: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cost: Mapped[float] = mapped_column(Float, default=0)
    diff: Mapped[list[dict[str, Any]] | None]
    children: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    cancel_requested_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(index=True)
    fence: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    execution_start_at: Mapped[datetime | None]
    execution_end_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SessionEvent(Base):
    __tablename__ = "session_events"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("opencode_sessions.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    created_at: Mapped[datetime]


class Interaction(Identified, Base):
    """`remote_id` is what OpenCode calls the ask; humans' own messages have none."""

    __tablename__ = "interactions"
    __table_args__ = (
        UniqueConstraint("task_id", "sequence_number"),
        UniqueConstraint("session_id", "remote_id"),
        one_of("kind", KINDS),
        one_of("state", STATES),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("opencode_sessions.id", ondelete="CASCADE"), index=True)
    sequence_number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), index=True)
    remote_id: Mapped[str | None] = mapped_column(String(128))
    request: Mapped[dict[str, Any]] = mapped_column(default=dict)
    answer: Mapped[dict[str, Any] | None]
    user_prompt: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    agent_response: Mapped[str | None] = mapped_column(Text)
    user_prompt_at: Mapped[datetime | None]
    agent_response_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
