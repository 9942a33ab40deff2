"""What is said about people and their sign-in."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class User(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str | None
    name: str
    picture_url: str | None
    last_login_at: datetime | None
    created_at: datetime


class Launch(BaseModel):
    """The one-time token from the launch address."""

    token: str = Field(min_length=1, max_length=512)


class SignedIn(BaseModel):
    """Also set as httpOnly cookies; ``access_token`` is for API clients and is not given to browsers."""

    user: User
    access_token: str | None = None
    expires_at: datetime


class Me(BaseModel):
    user: User
    expires_at: datetime | None = None
    sign_in: str = Field(description="how people sign in here: launch or oidc")
