"""What is said about people and their sign-in."""

from datetime import datetime
from typing import Literal
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


class Notifications(BaseModel):
    model_config = ConfigDict(extra="forbid")

    desktop: bool = False
    sound: bool = False
    done: bool = Field(default=True, description="tell when a run has ended")
    needs_you: bool = Field(default=True, description="tell when the agent waits for a human")


class Preferences(BaseModel):
    """How a person likes the product; kept with the account, so that every browser knows."""

    model_config = ConfigDict(extra="forbid")

    theme: Literal["system", "light", "dark"] = "system"
    notifications: Notifications = Field(default_factory=Notifications)


class NotificationsPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    desktop: bool | None = None
    sound: bool | None = None
    done: bool | None = None
    needs_you: bool | None = None


class PreferencesPatch(BaseModel):
    """What is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")

    theme: Literal["system", "light", "dark"] | None = None
    notifications: NotificationsPatch | None = None


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
