"""The record of who did what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict


class AuditEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID | None
    action: str
    resource_type: str
    resource_id: str | None
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
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
