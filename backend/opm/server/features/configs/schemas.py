"""What is said about how a project's agent works. A key goes in and never comes out."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opm.server.core.texts import Said


class ProviderKind(BaseModel):
    """A provider that can be chosen, with what it needs."""

    id: str
    name: str
    needs_key: bool
    base_url: str | None = Field(default=None, description="the address used when none is given")
    models: list[str] = Field(default_factory=list, description="suggestions; any other name may be given")


class NewConfig(Said):
    """A new version. ``api_key`` None keeps the key of the version before; an empty text removes it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    provider: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["anthropic"])
    model: str = Field(min_length=1, max_length=200)
    base_url: str | None = Field(default=None, max_length=2000, pattern=r"^https?://[^\s@]+$")
    api_key: str | None = Field(default=None, max_length=4000)
    instructions: str = Field(default="", max_length=100_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    permissions: dict[str, Literal["allow", "ask", "deny"]] = Field(
        default_factory=dict,
        description="per tool: bash, edit, webfetch, question; the rest has safe defaults",
    )


class Config(BaseModel):
    """One immutable version."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    project_id: UUID
    version: int
    is_active: bool
    provider: str
    model: str
    base_url: str | None
    api_key_set: bool
    api_key_last4: str | None
    instructions: str
    temperature: float | None
    max_tokens: int | None
    permissions: dict[str, str]
    tools: dict[str, Any]
    created_at: datetime
