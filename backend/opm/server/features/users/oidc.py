"""Sign-in through an identity provider, as far as it is ours: who left for it, who came back, who is still welcome.

What the provider itself is asked is asked between units of work, by the door.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from opm.server.clients.oidc.base import Grant, Identity, Login, LogoutNotice
from opm.server.core.actor import Client
from opm.server.core.crypto import Cipher, Sealed, place_of
from opm.server.core.settings import OidcSettings
from opm.server.db import models
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.repository import LoginRepository
from opm.server.features.users.service import SignIn, UserService, hash_of

ATTEMPT_TTL = timedelta(minutes=10)
OIDC = "oidc"
_TRY_AGAIN = timedelta(minutes=1)
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")


@dataclass(frozen=True, slots=True)
class Begun:
    login: Login
    browser: str = field(repr=False)
    """For a cookie: the answer is taken from the browser that left only."""


@dataclass(frozen=True, slots=True)
class Check:
    """A sign-in that is to be checked with the provider."""

    family: UUID
    subject: str
    refresh_token: str = field(repr=False)
    before: Sealed


class OidcService:
    def __init__(self, uow: UnitOfWork, users: UserService, cipher: Cipher, settings: OidcSettings) -> None:
        self._uow = uow
        self._users = users
        self._cipher = cipher
        self._settings = settings
        self._attempts = LoginRepository(uow.session)

    async def begin(self, next_path: str) -> Begun:
        await self._attempts.forget_expired(self._uow.now)
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._attempts.add(
            models.LoginAttempt(
                state_hash=hash_of(state),
                browser_hash=hash_of(browser),
                next_path=own_path(next_path),
                expires_at=self._uow.now + ATTEMPT_TTL,
                created_at=self._uow.now,
            )
        )
        return Begun(self._login(state), browser)

    async def take(self, state: str, browser: str) -> tuple[Login, str] | None:
        """The attempt and where it leads, once; None for one that is unknown, used, late, or of another browser."""
        next_path = await self._attempts.take(hash_of(state), hash_of(browser), self._uow.now)
        return None if next_path is None else (self._login(state), next_path)

    def _login(self, state: str) -> Login:
        """What has to be known again at the return follows from the state and our key; nothing of it is stored."""
        nonce, verifier = (
            base64.urlsafe_b64encode(self._cipher.derive(purpose, state)).rstrip(b"=").decode()
            for purpose in ("oidc-nonce", "oidc-verifier")
        )
        return Login(state, nonce, verifier)

    async def welcome(self, grant: Grant, client: Client) -> SignIn | None:
        """None for somebody who is shut out."""
        user = await self._person(grant.identity)
        if user.disabled_at is not None:
            self._users.refuse(user, client)
            return None
        checkable = grant.refresh_token is not None
        until = None if checkable else self._uow.now + self._settings.unchecked_ttl
        signed = self._users.open(user, client, OIDC, until=until)
        session = await self._users.session(signed.family)
        session.provider_session = grant.provider_session
        self._keep(session, grant)
        return signed

    async def _person(self, identity: Identity) -> models.User:
        user = await self._users.users.by_subject(identity.issuer, identity.subject)
        if user is None:
            now = self._uow.now
            user = models.User(
                issuer=identity.issuer,
                oidc_subject=identity.subject,
                name=identity.name,
                created_at=now,
                updated_at=now,
            )
            self._users.users.add(user)
        self._describe(user, identity)
        await self._uow.flush()
        return user

    def _describe(self, user: models.User, identity: Identity) -> None:
        user.name, user.email, user.picture_url = identity.name, identity.email, identity.picture_url
        user.is_admin = identity.is_admin
        user.updated_at = self._uow.now

    def _keep(self, session: models.AuthSession, grant: Grant) -> None:
        for column, value in (("refresh_encrypted", grant.refresh_token), ("id_token_encrypted", grant.id_token)):
            if value is not None:
                setattr(session, column, self._cipher.seal(value, place=_place(column, session.id)))

    # --- is the person still welcome? ------------------------------------------------------------------------

    async def take_turn(self, family: UUID) -> Check | None:
        """To check a sign-in with the provider, for one of all who notice that it is time."""
        session = await self._users.session(family)
        seen, sealed = session.checked_at, session.refresh_encrypted
        if sealed is None or not await self._users.sessions.take_turn(family, seen, self._uow.now):
            return None
        user = await self._users.get(session.user_id)
        token = self._cipher.open(sealed, place=_place("refresh_encrypted", family))
        return Check(family, user.oidc_subject, token, sealed)

    async def still_welcome(self, check: Check, grant: Grant) -> None:
        session = await self._users.session(check.family)
        if session.ended_at is not None:
            return
        self._keep(session, grant)
        if grant.id_token is not None:
            self._describe(await self._users.get(session.user_id), grant.identity)

    async def not_welcome(self, check: Check) -> bool:
        """Ends the sign-in, unless another process has renewed it meanwhile with the same token."""
        session = await self._users.session(check.family)
        if session.ended_at is not None or not _same(session.refresh_encrypted, check.before):
            return False
        await self._users.logout(check.family, None, "provider")
        return True

    async def try_again(self, check: Check) -> None:
        """The provider did not answer: the sign-in lives on, and is checked again soon."""
        session = await self._users.session(check.family)
        session.checked_at = self._uow.now - self._settings.recheck + _TRY_AGAIN

    # --- the other direction ----------------------------------------------------------------------------------

    async def ended_there(self, notice: LogoutNotice) -> int:
        """How many sign-ins the provider's notice ended here."""
        ended = await self._users.sessions.end_by_provider(notice, self._uow.now)
        for family in ended:
            owner = await self._users.owner(family)
            self._uow.audit(owner, "auth.sign_out", ("auth_session", family), method="provider")
        return len(ended)

    async def id_token(self, family: UUID) -> str | None:
        session = await self._users.session(family)
        sealed = session.id_token_encrypted
        return None if sealed is None else self._cipher.open(sealed, place=_place("id_token_encrypted", family))


def own_path(text: str) -> str:
    """A path of this application to go to; the start for everything that could lead elsewhere."""
    return text if len(text) <= 2000 and _OWN_PATH.fullmatch(text) else "/"


def _same(one: Sealed | None, other: Sealed) -> bool:
    return one is not None and hmac.compare_digest(one.value, other.value)


def _place(column: str, family: UUID) -> str:
    return place_of("auth_sessions", column, family, family)
