"""Projects: the record, the wish for its pod, and what was last seen of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.core.crypto import Sealed
from opm.server.db.base import Base, Identified, one_of

SOURCES = ("empty", "sample", "git")
WORKSPACE_STATES = ("waiting", "cloning", "ready", "failed")


class Project(Identified, Base):
    __tablename__ = "projects"
    __table_args__ = (
        UniqueConstraint("user_id", "slug"),
        one_of("status", ("initializing", "ready", "error", "archived")),
        one_of("desired_state", ("running", "stopped", "deleted")),
        one_of("pod_status", ("absent", "pending", "running", "stopping", "failed")),
        one_of("source", SOURCES),
        one_of("workspace_state", WORKSPACE_STATES),
        Index(None, "user_id", "status"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(63))
    description: Mapped[str] = mapped_column(Text, default="")
    pod_name: Mapped[str | None] = mapped_column(String(253))
    pod_namespace: Mapped[str | None] = mapped_column(String(63))
    pod_status: Mapped[str] = mapped_column(String(16), default="absent", index=True)
    pod_reason: Mapped[str | None] = mapped_column(Text)
    workspace_pvc_name: Mapped[str | None] = mapped_column(String(253))
    status: Mapped[str] = mapped_column(String(16), default="initializing", index=True)
    desired_state: Mapped[str] = mapped_column(String(16), default="stopped", index=True)
    sample: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(8), default="empty")
    git_url: Mapped[str | None] = mapped_column(String(2000))
    git_ref: Mapped[str | None] = mapped_column(String(255))
    git_depth: Mapped[int | None]
    git_credential_encrypted: Mapped[Sealed | None]
    workspace_state: Mapped[str] = mapped_column(String(8), default="ready")
    workspace_reason: Mapped[str | None] = mapped_column(Text)
    idle_stop_seconds: Mapped[int | None]
    max_concurrent_runs: Mapped[int] = mapped_column(default=1)
    memory_mb: Mapped[int | None]
    cpu_limit: Mapped[float | None] = mapped_column(Float)
    last_used_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]

    @property
    def git_credential_set(self) -> bool:
        return self.git_credential_encrypted is not None
