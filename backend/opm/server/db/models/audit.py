"""Who did what, from where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.db.base import Base, Identified, one_of

OUTCOMES = ("success", "failure")


class AuditLog(Identified, Base):
    __tablename__ = "audit_log"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        Index(None, "project_id", "id"),
        Index(None, "user_id", "id"),
        # a path may be longer than what PostgreSQL's ordinary index takes
        Index(None, "resource_id", postgresql_using="hash"),
        Index("ix_audit_log_details", "details", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(64), index=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16), default="success", server_default="success")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ip_address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(512))
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
