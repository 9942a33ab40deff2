"""How people like the product."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
    single_key_shortcuts: bool = Field(
        default=True, description="shortcuts of one key without Ctrl or Cmd, which dictation and slips may press"
    )


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
    single_key_shortcuts: bool | None = None
