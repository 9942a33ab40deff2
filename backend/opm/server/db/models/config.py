"""How a project's agent works: immutable versions, one of them active."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.core.crypto import Sealed
from opm.server.db.base import Base, Identified


class OpencodeConfig(Identified, Base):
    __tablename__ = "opencode_configs"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        Index(
            "uq_opencode_configs_active",
            "project_id",
            unique=True,
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        Index("ix_opencode_configs_tools", "tools", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(64))
    base_url: Mapped[str | None] = mapped_column(String(2000))
    provider_api_key_encrypted: Mapped[Sealed | None]
    api_key_last4: Mapped[str | None] = mapped_column(String(4))
    tools: Mapped[dict[str, Any]] = mapped_column(default=dict)
    permissions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    instructions: Mapped[str] = mapped_column(Text, default="")
    temperature: Mapped[float | None] = mapped_column(Float)
    max_tokens: Mapped[int | None]
    steps: Mapped[int | None]
    agents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    default_agent: Mapped[str | None] = mapped_column(String(64))
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
