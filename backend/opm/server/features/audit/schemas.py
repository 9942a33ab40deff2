"""The record of who did what."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class AuditOutcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"


class AuditEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID | None = Field(description="none: the server itself, or an account that is no more")
    user_name: str | None = None
    action: str
    resource_type: str
    resource_id: str | None
    outcome: AuditOutcome
    details: dict[str, Any]
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    created_at: datetime


class AuditFilter(BaseModel):
    """Which lines are wanted; what is left out does not matter."""

    action: str | None = None
    user: UUID | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    outcome: AuditOutcome | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
