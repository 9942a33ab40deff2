"""What is said about runs: one prompt given to the agent, and all that came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from opm.server.features.tasks.schemas import WaitsFor


class RunStatus(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    BLOCKED = "blocked"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"


class Tokens(BaseModel):
    input: int = 0
    output: int = 0
    reasoning: int = 0
    cache_read: int = 0
    cache_write: int = 0


class SubAgent(BaseModel):
    """A conversation that the agent held with another of its own making. Cost and tokens are part of the run's."""

    id: str = Field(description="OpenCode's name for its session; `child` in the output")
    parent: str | None = Field(description="the sub-agent that made it, None when the run's own agent did")
    title: str
    state: Literal["finished", "failed", "unfinished"]
    reason: str | None = None
    tokens: Tokens
    cost: float
    duration_ms: int | None


class Session(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    project_id: UUID
    task_id: UUID
    task_title: str
    config_id: UUID
    config_version: int
    created_by: UUID | None
    created_by_name: str | None
    rerun_of: UUID | None = Field(description="the run that this one repeats")
    remote_session_id: str | None
    kind: Literal["execute", "feedback"]
    status: RunStatus
    verdict: Verdict | None
    reason: str | None
    prompt: str
    final_output: str | None
    exit_code: int | None = Field(description="0 success, 1 failure, 130 cancelled; None until the end")
    queue_position: int | None = Field(default=None, description="1 is next in its project; only while queued")
    waits_for: WaitsFor | None = None
    tokens: Tokens
    cost: float
    children: list[SubAgent] = Field(description="sub-agents in the order of their making; empty until the run ends")
    execution_start_at: datetime | None
    execution_end_at: datetime | None
    created_at: datetime
    last_seq: int


@dataclass(frozen=True, slots=True)
class Census:
    """All runs that have not ended: how many are in each state, and how long the oldest has waited for its turn."""

    runs: dict[str, int]
    oldest_queued_seconds: float


class SessionFilter(BaseModel):
    """Which runs are wanted; what is left out does not matter. ``q`` is looked for in prompts and titles of cards."""

    status: list[RunStatus] | None = None
    task: UUID | None = None
    user: UUID | None = None
    q: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Rerun(BaseModel):
    model_config = ConfigDict(extra="forbid")

    config: Literal["same", "active"] = Field(
        default="active", description="the version that the run worked with, or the one that is active now"
    )


class FileDiff(BaseModel):
    file: str
    status: Literal["added", "modified", "deleted"]
    additions: int
    deletions: int
    patch: str


class Diff(BaseModel):
    """What one run changed. ``live`` is true while the run still works."""

    session_id: UUID | None
    live: bool
    known: bool = Field(description="false: the pod could not say, or was gone before it was asked")
    files: list[FileDiff]
