"""What is said about projects."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opm.server.core.texts import Said


class ProjectStatus(StrEnum):
    """The record's own life; the pod's is ``PodState``."""

    INITIALIZING = "initializing"
    READY = "ready"
    ERROR = "error"
    ARCHIVED = "archived"


class DesiredState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


class NewProject(Said):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=120, examples=["Website relaunch"])
    description: str = Field(default="", max_length=10_000)
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="made from the name if not given",
    )
    sample: bool = Field(default=False, description="start with sample files and cards for the demo model")


class ProjectPatch(Said):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(default=None, min_length=1, max_length=120)
    description: str | None = Field(default=None, max_length=10_000)
    idle_stop_seconds: int | None = Field(
        default=None,
        ge=0,
        le=30 * 86_400,
        description="seconds without use after which the pod is stopped; 0: never; null: as the operator set it",
    )
    max_concurrent_runs: int | None = Field(
        default=None, ge=1, le=8, description="runs at work at once; further ones wait in the queue"
    )


class ProjectView(StrEnum):
    """Which projects a list holds."""

    LIVE = "live"
    ARCHIVED = "archived"


class Project(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    slug: str
    description: str
    status: ProjectStatus
    desired_state: DesiredState
    pod_status: str = Field(description="absent, pending, running, stopping or failed")
    pod_reason: str | None
    idle_stop_seconds: int | None
    max_concurrent_runs: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProjectSummary(Project):
    """A project with what a dashboard shows of its board."""

    task_counts: dict[str, int] = Field(default_factory=dict, description="cards per column")
    attention_count: int = Field(default=0, description="cards that wait for a human")
    running_count: int = 0
    demo: bool = Field(default=False, description="its agent is the scripted demo model")


class PodPart(BaseModel):
    part: Literal["opencode", "files", "session", "model"]
    ready: bool
    restarts: int
    memory_bytes: int | None
    reason: str | None = Field(description="why it is not ready, or why it last died")
    state: Literal["ready", "starting", "failed"]
    advice: str | None = Field(default=None, description="what to do about it")


class Pod(BaseModel):
    phase: Literal["absent", "pending", "running", "stopping", "failed"]
    reason: str | None
    parts: list[PodPart]
    advice: str | None = Field(default=None, description="what to do, if there is something to do")


class PodLogs(BaseModel):
    part: str
    lines: list[str]
