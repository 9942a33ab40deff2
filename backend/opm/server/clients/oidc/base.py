"""What the product asks of an identity provider, and what it hears."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Login:
    """The secrets of one attempt to sign in: ours to choose, at least 128 random bits each."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """Of PKCE; the provider sees its hash first and itself later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brings back from the provider."""

    code: str = field(repr=False)
    issuer: str | None = None
    """The `iss` parameter, if there was one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider knows them; only issuer and subject say who it is."""

    issuer: str
    subject: str
    name: str
    email: str | None = None
    picture_url: str | None = None
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in or its renewal gave."""

    identity: Identity
    provider_session: str | None = None
    """The provider's own name of the session, by which it may end it later."""
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LogoutForm:
    """To be posted to the provider by the browser, which ends the person's session there."""

    url: str
    fields: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """The provider says that a session, or all of a person's up to now, ended there."""

    issuer: str
    subject: str | None
    provider_session: str | None
    issued_at: datetime


class IdentityProvider(Protocol):
    """Refusals are `Unauthorized`, with words for people; a provider that does not answer is `Unavailable`."""

    async def authorization_url(self, login: Login, return_to: str) -> str:
        """Where the browser goes to sign in; it comes back to `return_to`."""
        ...

    async def redeem(self, answer: Answer, login: Login, return_to: str) -> Grant:
        """Exchange the code, once, for who has signed in."""
        ...

    async def renew(self, refresh_token: str, subject: str) -> Grant:
        """Is the person still welcome? Spends the token where the provider rotates them."""
        ...

    async def logout_form(self, id_token: str | None, return_to: str) -> LogoutForm | None:
        """None where the provider has no such thing."""
        ...

    async def read_logout(self, token: str) -> LogoutNotice:
        """Of a back-channel request."""
        ...

    async def close(self) -> None: ...
