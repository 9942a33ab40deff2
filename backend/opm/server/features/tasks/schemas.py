"""What is said about cards."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from opm.server.core.texts import Said
from opm.server.features.tasks.states import TaskStatus

FilePath = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewTask(Said):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=200, examples=["Add a contact form"])
    description: str = Field(default="", max_length=200_000, description="the prompt the agent gets; Markdown")
    file_references: list[FilePath] = Field(
        default_factory=list[FilePath], max_length=100, description="files of the workspace that the agent is told"
    )


class TaskPatch(Said):
    """Fields not named stay as they are. Show the version you edited as ``If-Match``."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=200_000)
    file_references: list[FilePath] | None = Field(default=None, max_length=100)


class MoveTask(BaseModel):
    """To which column, and between which cards; neither neighbour means the column's end."""

    model_config = ConfigDict(extra="forbid")

    status: TaskStatus
    after: UUID | None = Field(default=None, description="the card that shall stand directly above")
    before: UUID | None = Field(default=None, description="the card that shall stand directly below")


class TaskFilter(Said):
    """Which cards a list holds; what is not named is not asked."""

    q: str | None = Field(default=None, max_length=200, description="in the title or the description, in any case")
    status: list[TaskStatus] = Field(default_factory=list[TaskStatus], max_length=5)
    needs_you: bool | None = Field(default=None, description="waits for a human: an open ask, or a review")
    author: UUID | None = Field(default=None, description="who made the card")


class BulkAction(StrEnum):
    """`undo` takes the last move back; `restore` the deletion."""

    MOVE = "move"
    UNDO = "undo"
    DELETE = "delete"
    RESTORE = "restore"


class Bulk(BaseModel):
    """One action for many cards. Every card is done whole or left as it was, and answered for itself."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(min_length=1, max_length=200)
    action: BulkAction
    status: TaskStatus | None = Field(default=None, description="the column, for `move`")

    @model_validator(mode="after")
    def _column_only_where_one_is_needed(self) -> Self:
        if (self.status is not None) != (self.action == BulkAction.MOVE):
            raise ValueError("`move` needs a status, and nothing else takes one")
        return self


class BulkRefusal(BaseModel):
    type: str
    message: str


class BulkResult(BaseModel):
    id: UUID
    task: "Task | None" = Field(default=None, description="the card as it is now; none if deleted or refused")
    error: BulkRefusal | None = None


class BulkResults(BaseModel):
    results: list[BulkResult] = Field(description="in the order of the ids, each id once")


WaitsFor = Annotated[
    Literal["workspace", "project", "user", "server"],
    Field(
        description="what a queued run waits for: its repository to be cloned, runs before it in its project, the "
        "owner's runs at work in all projects, or everybody's on this server; null: it starts in a moment"
    ),
]


class RunSummary(BaseModel):
    """The newest run of a card, as much as a card shows."""

    id: UUID
    status: str
    verdict: str | None
    reason: str | None = Field(description="why it failed, in plain words")
    queue_position: int | None = Field(default=None, description="1 is next in its project; only while queued")
    waits_for: WaitsFor | None = None
    retry_message: str | None = None
    execution_start_at: datetime | None
    execution_end_at: datetime | None
    tokens: int = 0
    cost: float = 0


class Task(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    project_id: UUID
    title: str
    description: str
    status: TaskStatus
    rank: str
    version: int
    current_session_id: UUID | None
    opencode_output: str | None = Field(description="the last run's final answer; in lists its first 300 characters")
    execution_duration_ms: int | None
    file_references: list[str]
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    attention: Literal["permission", "question", "failed", "review"] | None = None
    asked_at: datetime | None = Field(
        default=None, description="since when the oldest open permission or question waits"
    )
    run: RunSummary | None = None


class DeletedTask(BaseModel):
    """A card that can still be brought back, by the bulk action `restore`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    status: TaskStatus = Field(description="the column to which it comes back")
    deleted_at: datetime


class TaskEvent(BaseModel):
    """One line of a card's history."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    event_type: str
    actor_user_id: UUID | None = Field(description="none: the server, after a run, or an account that is no more")
    actor_name: str | None = None
    metadata: dict[str, Any]
    created_at: datetime


class States(BaseModel):
    """The state machine, for boards: which drops are allowed and what each means."""

    statuses: list[TaskStatus]
    moves: dict[TaskStatus, list[TaskStatus]] = Field(description="from each column, where a human may drop a card")
    execute_from: list[TaskStatus]
    feedback_from: list[TaskStatus]
