"""The exchange between humans and the agent on a card, in order."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opm.server.core.texts import Said


class InteractionKind(StrEnum):
    PROMPT = "prompt"
    FEEDBACK = "feedback"
    PERMISSION = "permission"
    QUESTION = "question"


class InteractionState(StrEnum):
    """``pending``: waits for a human; ``queued``: waits until the agent has finished; ``sent``: on its way to the
    agent; ``expired``: the agent no longer waits; ``withdrawn``: taken back before it was sent."""

    PENDING = "pending"
    QUEUED = "queued"
    SENT = "sent"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Interaction(BaseModel):
    """``request`` of a permission: permission, patterns, metadata, always; of a question: questions."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    session_id: UUID | None
    sequence_number: int
    kind: InteractionKind
    state: InteractionState
    user_prompt: str | None = Field(description="what a human said")
    user_id: UUID | None
    agent_response: str | None = Field(description="what the agent said")
    request: dict[str, Any]
    answer: dict[str, Any] | None
    user_prompt_at: datetime | None
    agent_response_at: datetime | None
    created_at: datetime


class Feedback(Said):
    """A message to the agent, which continues the same conversation in a new run, now or when this one has ended."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    message: str = Field(min_length=1, max_length=200_000)


class PermissionAnswer(Said):
    model_config = ConfigDict(extra="forbid")

    reply: Literal["once", "always", "reject"]
    message: str | None = Field(default=None, max_length=10_000, description="with reject: what to do instead")


class QuestionAnswer(Said):
    """One list of chosen labels or free text per question; ``reject`` dismisses them all."""

    model_config = ConfigDict(extra="forbid")

    answers: list[list[str]] = Field(default_factory=list[list[str]], max_length=50)
    reject: bool = False


class Attention(BaseModel):
    """One thing that waits for a human."""

    project_id: UUID
    project_slug: str
    project_name: str
    task_id: UUID
    task_title: str
    kind: Literal["permission", "question", "failed", "review"]
    interaction_id: UUID | None = None
    since: datetime
    text: str
