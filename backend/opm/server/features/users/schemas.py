"""What is said about people and their sign-in."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opm.server.core.texts import Said


class User(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str | None
    name: str
    picture_url: str | None
    is_admin: bool = Field(default=False, description="may see and shut out other people; never their projects")
    last_login_at: datetime | None
    created_at: datetime


class Living(NamedTuple):
    """A sign-in or personal token that is neither ended nor expired, of somebody who is not shut out."""

    user_id: UUID
    scope: str
    checked_at: datetime | None
    last_seen_at: datetime | None
    refreshable: bool
    is_admin: bool


class Launch(BaseModel):
    """The one-time token from the launch address."""

    token: str = Field(min_length=1, max_length=512)


class OidcLogin(Said):
    model_config = ConfigDict(extra="forbid")

    next: str = Field(default="/", max_length=2000, description="path of this application to come back to")


class OidcRedirect(BaseModel):
    authorization_url: str = Field(description="where the browser goes to sign in")


class OidcCallback(Said):
    """What the provider put into the address that it sent the browser back to."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=8192)
    state: str = Field(min_length=1, max_length=512)
    iss: str | None = Field(default=None, max_length=2000)


class SignedIn(BaseModel):
    """Also set as httpOnly cookies; ``access_token`` is for API clients and is not given to browsers."""

    user: User
    access_token: str | None = None
    csrf_token: str = Field(description="browsers send it as `X-CSRF-Token` with everything that changes something")
    next: str | None = Field(default=None, description="where a sign-in through a provider was to lead")
    expires_at: datetime


class SignedOut(BaseModel):
    """What is left to do: a form to be posted by the browser, which ends the session at the provider, too."""

    url: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)


class SignInMethods(BaseModel):
    """How people sign in here."""

    launch: bool = Field(description="by the address that `opm launch-url` prints")
    provider: str | None = Field(description="what the identity provider is called; none: there is none")


class Me(BaseModel):
    user: User
    expires_at: datetime | None = None
    sign_in: str = Field(description="how people sign in here: launch or oidc")
    csrf_token: str | None = Field(default=None, description="of a sign-in by cookie: to be sent as `X-CSRF-Token`")
    shared_machine: bool = Field(
        default=False, description="several people's agents run under one account of this server's machine"
    )


class OwnSignIn(BaseModel):
    """A browser that is signed in."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Literal["launch", "oidc"]
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime
    current: bool = Field(default=False, description="the one that asks")


class NewToken(Said):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="what it is for", examples=["nightly report"])
    scope: Literal["read", "write"] = Field(default="read", description="read: nothing can be changed with it")
    days: int = Field(default=90, ge=1, le=366, description="days until it ends")


class PersonalToken(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    scope: Literal["read", "write"]
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime


class MadeToken(BaseModel):
    token: PersonalToken
    secret: str | None = Field(
        description="shown this once; a repetition of the request has none, make another token then"
    )


class Person(User):
    """As administrators see people."""

    issuer: str
    disabled_at: datetime | None


class PersonPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    disabled: bool = Field(description="true shuts the person out, with everything they are signed in with")
