"""What is said about projects."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from opm.server.core.texts import Said
from opm.wire.repositories import ref_problem, secret_problem, url_problem
from opm.wire.workspace import LONGEST_REF, LONGEST_URL


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


class ProjectSource(StrEnum):
    """What the workspace began with."""

    EMPTY = "empty"
    SAMPLE = "sample"
    GIT = "git"


class WorkspaceState(StrEnum):
    """Whether the workspace holds what it is to begin with."""

    WAITING = "waiting"
    CLONING = "cloning"
    READY = "ready"
    FAILED = "failed"


def _repository(url: str) -> str:
    return _checked(url, url_problem(url))


def _ref(ref: str) -> str:
    return _checked(ref, ref_problem(ref))


def _secret(text: str) -> str:
    return _checked(text, secret_problem(text))


def _checked(text: str, problem: str | None) -> str:
    if problem:
        raise PydanticCustomError("git", "{problem}", {"problem": problem})
    return text


RepositoryUrl = Annotated[str, Field(max_length=LONGEST_URL), AfterValidator(_repository)]
Ref = Annotated[str, Field(min_length=1, max_length=LONGEST_REF), AfterValidator(_ref)]
Depth = Annotated[int, Field(ge=1, le=1_000_000)]
UserName = Annotated[str, Field(max_length=255), AfterValidator(_secret)]
Token = Annotated[str, Field(max_length=4096), AfterValidator(_secret)]


class GitSource(Said):
    """A repository. Name and token are stored encrypted until it is cloned, and then erased."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    url: RepositoryUrl = Field(description="https, without name and token", examples=["https://example.org/tea.git"])
    ref: Ref | None = Field(default=None, description="branch or tag; the repository's own choice if not given")
    depth: Depth | None = Field(
        default=None, description="newest commits that are cloned; the whole history if not given"
    )
    username: UserName = Field(default="", description="where a token alone will not do")
    token: Token = Field(default="", repr=False, description="write-only; that of a private repository")


class CloneAgain(Said):
    """What is to be different; fields not named stay as they are, and another host is told no token of the old one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    url: RepositoryUrl | None = None
    ref: Ref | None = Field(default=None, description="null: the repository's own choice")
    depth: Depth | None = Field(default=None, description="null: the whole history")
    username: UserName = Field(default="", description="empty: the one given before, if there is one")
    token: Token | None = Field(
        default="",
        repr=False,
        description="write-only; empty: the one given before, if there is one; null: forget both",
    )


MemoryMb = Annotated[int, Field(ge=512, le=2**20)]
CpuLimit = Annotated[float, Field(ge=0.1, le=1024, allow_inf_nan=False)]
_MEMORY = "MB that all processes of the pod may use together"
_CPU = "processors that the pod may use"


class NewProject(Said):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=120, examples=["Website relaunch"])
    description: str = Field(default="", max_length=10_000)
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="made from the name if not given",
    )
    memory_mb: MemoryMb | None = Field(default=None, description=f"{_MEMORY}; null: as the operator set it")
    cpu_limit: CpuLimit | None = Field(default=None, description=f"{_CPU}; null: as the operator set it")
    sample: bool = Field(default=False, description="start with sample files and cards for the demo model")
    git: GitSource | None = Field(default=None, description="start with a repository, cloned in the pod")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.sample and self.git:
            raise PydanticCustomError("source", "A project starts with the sample or with a repository, not with both.")
        return self

    @property
    def source(self) -> ProjectSource:
        return ProjectSource.GIT if self.git else ProjectSource.SAMPLE if self.sample else ProjectSource.EMPTY


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
    memory_mb: MemoryMb | None = Field(
        default=None, description=f"{_MEMORY}; null: as the operator set it. Taken when the pod is started next"
    )
    cpu_limit: CpuLimit | None = Field(
        default=None, description=f"{_CPU}; null: as the operator set it. Taken when the pod is started next"
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
    source: ProjectSource
    git_url: str | None
    git_ref: str | None
    git_depth: int | None
    git_credential_set: bool = Field(description="a name or token for the repository is stored; it cannot be read")
    workspace_state: WorkspaceState
    workspace_reason: str | None = Field(description="why the workspace is not ready, and what to do")
    idle_stop_seconds: int | None
    max_concurrent_runs: int
    memory_mb: int | None = Field(description=f"{_MEMORY}; null: as the operator set it")
    cpu_limit: float | None = Field(description=f"{_CPU}; null: as the operator set it")
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


class PodEvent(BaseModel):
    at: datetime | None
    reason: str
    message: str
    times: int
    warning: bool


class Pod(BaseModel):
    phase: Literal["absent", "pending", "running", "stopping", "failed"]
    reason: str | None
    parts: list[PodPart]
    advice: str | None = Field(default=None, description="what to do, if there is something to do")
    name: str | None = Field(default=None, description="what it is called where it runs")
    events: list[PodEvent] = Field(default=[], description="what the cluster told of it last, the newest first")


class Resources(BaseModel):
    """What the operator lets pods use, and how a pod is held to it."""

    memory_mb: int | None = Field(description="of a project that does not say; null: as much as there is")
    memory_mb_max: int | None = Field(description="most that a project may ask for; null: no bound")
    cpu_limit: float | None = Field(description="of a project that does not say; null: all processors")
    cpu_limit_max: float | None = Field(description="most that a project may ask for; null: no bound")
    enforcement: str = Field(description="what becomes of a pod that would use more")


class PodLogs(BaseModel):
    part: str
    lines: list[str]
