"""Signing in and staying signed in: launch addresses, sign-ins as chains of refresh tokens, ending them.

A sign-in is a row, and a family of refresh tokens, each good for one renewal. One that is shown again later was copied:
the sign-in ends. Refusals of tokens are answers here (None), not errors, because what they leave in the database
(a family revoked, a line in the audit log) has to be committed.
"""

import getpass
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from opm.server.core.actor import Actor, Client
from opm.server.core.errors import Unauthorized
from opm.server.core.ids import new_id
from opm.server.core.settings import AuthSettings
from opm.server.core.texts import printable
from opm.server.db import models
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.preferences import Preferences, PreferencesPatch
from opm.server.features.users.repository import AuthSessionRepository, TokenRepository, UserRepository
from opm.server.features.users.schemas import Living, User

LOCAL_ISSUER, LOCAL_SUBJECT = "opm:local", "local"
LAUNCH, REFRESH = "launch", "refresh"
GRACE = timedelta(seconds=10)
"""Two tabs may show the same refresh token at once; a copy used later than this is taken for a theft."""


@dataclass(frozen=True, slots=True)
class SignIn:
    user: User
    actor: Actor
    family: UUID
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        return f"SignIn(user={self.user.id}, family={self.family})"


class UserService:
    def __init__(self, uow: UnitOfWork, settings: AuthSettings) -> None:
        self.uow = uow
        self.settings = settings
        self.users = UserRepository(uow.session)
        self.sessions = AuthSessionRepository(uow.session)
        self.tokens = TokenRepository(uow.session)

    async def ensure_local_user(self) -> models.User:
        """The one person of a server without an identity provider."""
        user = await self.users.by_subject(LOCAL_ISSUER, LOCAL_SUBJECT)
        if user is None:
            now = self.uow.now
            user = models.User(
                issuer=LOCAL_ISSUER, oidc_subject=LOCAL_SUBJECT, name=_account_name(), created_at=now, updated_at=now
            )
            self.users.add(user)
            await self.uow.flush()
        return user

    async def issue_launch(self) -> str:
        """A token for one launch address; only its hash is kept."""
        user = await self.ensure_local_user()
        await self.tokens.forget_expired(self.uow.now)
        return self._new_token(user.id, new_id(), LAUNCH, self.settings.launch_ttl)[0]

    async def forget_expired(self) -> None:
        await self.tokens.forget_expired(self.uow.now)
        await self.sessions.forget_ended(self.uow.now)

    async def redeem_launch(self, raw: str, client: Client) -> SignIn | None:
        token = await self._spend(LAUNCH, raw)
        user = await self.users.get(token.user_id) if token else None
        if user is None or user.disabled_at is not None:
            # where launch addresses are, there is one person, whose account somebody tried to enter
            self.refuse(user or await self.ensure_local_user(), client)
            return None
        return self.open(user, client, LAUNCH)

    def open(self, user: models.User, client: Client, kind: str, *, until: datetime | None = None) -> SignIn:
        """A new sign-in: nothing that was known before names it. `until` is the latest it may live."""
        user.last_login_at = self.uow.now
        session = models.AuthSession(
            id=new_id(),
            user_id=user.id,
            kind=kind,
            scope="write",
            checked_at=self.uow.now,
            ip_address=client.ip,
            user_agent=printable(client.user_agent or "")[:512] or None,
            created_at=self.uow.now,
            last_seen_at=self.uow.now,
            expires_at=until or self.uow.now + self.settings.refresh_ttl,
        )
        self.sessions.add(session)
        signed = self._next_link(user, session, client, until)
        self.uow.audit(signed.actor, "auth.sign_in", ("user", user.id), method=kind)
        return signed

    async def refresh(self, raw: str, client: Client) -> SignIn | None:
        token = await self._spend(REFRESH, raw)
        if token is None:
            token = await self._shown_again(raw, client)
        if token is None or not await self.is_live(token.user_id, token.family_id):
            return None
        user, session = await self.get(token.user_id), await self.sessions.get(token.family_id)
        if session is None:
            return None
        # the provider gave no way to check it: then it does not live longer for being used
        until = session.expires_at if session.kind == "oidc" and session.refresh_encrypted is None else None
        session.last_seen_at = self.uow.now
        return self._next_link(user, session, client, until)

    async def logout(self, family: UUID, actor: Actor | None, reason: str = "sign_out") -> None:
        """Ends the sign-in everywhere: its access tokens are asked about with every request."""
        await self.tokens.revoke(family, self.uow.now)
        await self.sessions.end_one(family, self.uow.now, reason)
        self.uow.audit(actor or await self.owner(family), "auth.sign_out", ("auth_session", family), method=reason)

    async def owner(self, family: UUID) -> Actor | None:
        """Whose sign-in it is, for what is done to it by others."""
        session = await self.sessions.get(family)
        user = await self.users.get(session.user_id) if session else None
        return _actor(user, None, Client()) if user else None

    async def family_of(self, raw: str, client: Client) -> tuple[UUID, Actor] | None:
        """For those whose access token has ended already."""
        token = await self.tokens.by_hash(REFRESH, hash_of(raw))
        user = await self.users.get(token.user_id) if token else None
        return (token.family_id, _actor(user, token.family_id, client)) if token and user else None

    async def session(self, family: UUID) -> models.AuthSession:
        found = await self.sessions.get(family)
        if found is None:
            raise Unauthorized("This sign-in does not exist any more.")
        return found

    def refuse(self, user: models.User | None, client: Client) -> None:
        self._refused("auth.sign_in_refused", user, client)

    async def living(self, families: Sequence[UUID]) -> dict[UUID, Living]:
        """Of these those that were neither ended nor left unused too long, whose person is not shut out."""
        return await self.sessions.living(families, self.uow.now)

    async def holder(self, purpose: str, raw: str) -> UUID | None:
        """Whose token this is or was; None if it is nobody's."""
        token = await self.tokens.by_hash(purpose, hash_of(raw))
        return token.user_id if token else None

    async def is_live(self, user_id: UUID, family: UUID) -> bool:
        found = (await self.living([family])).get(family)
        return found is not None and found.user_id == user_id

    async def seen(self, family: UUID) -> None:
        await self.sessions.seen(family, self.uow.now)

    async def get(self, user_id: UUID) -> models.User:
        user = await self.users.get(user_id)
        if user is None:
            raise Unauthorized("This account does not exist any more.")
        return user

    async def preferences(self, actor: Actor) -> Preferences:
        return Preferences.model_validate((await self.get(actor.user_id)).preferences)

    async def patch_preferences(self, actor: Actor, patch: PreferencesPatch) -> Preferences:
        user = await self.users.locked(actor.user_id)  # two that come at once change different things
        if user is None:
            raise Unauthorized("This account does not exist any more.")
        now = Preferences.model_validate(user.preferences).model_dump()
        said = patch.model_dump(exclude_none=True)
        now["notifications"] |= said.pop("notifications", {})
        user.preferences = now | said
        user.updated_at = self.uow.now
        return Preferences.model_validate(user.preferences)

    async def _spend(self, purpose: str, raw: str) -> models.RefreshToken | None:
        token_hash = hash_of(raw)
        spent = await self.tokens.spend(purpose, token_hash, self.uow.now)
        return await self.tokens.by_hash(purpose, token_hash) if spent else None

    async def _shown_again(self, raw: str, client: Client) -> models.RefreshToken | None:
        """A used token within the grace goes on as a further link; later it ends its family."""
        token = await self.tokens.by_hash(REFRESH, hash_of(raw))
        if token is None or token.used_at is None or token.revoked_at is not None:
            return None
        if self.uow.now - token.used_at <= GRACE:
            return token
        await self.tokens.revoke(token.family_id, self.uow.now)
        await self.sessions.end_one(token.family_id, self.uow.now, "refresh_reused")
        self._refused("auth.refresh_reused", await self.users.get(token.user_id), client)
        return None

    def _refused(self, action: str, user: models.User | None, client: Client) -> None:
        if user is not None:
            self.uow.audit(_actor(user, None, client), action, ("user", user.id), failed=True)
        else:
            self.uow.audit(None, action, ("user", "unknown"), failed=True, client=client)

    def _next_link(
        self, user: models.User, session: models.AuthSession, client: Client, until: datetime | None
    ) -> SignIn:
        ttl = self.settings.refresh_ttl if until is None else until - self.uow.now
        refresh, expires_at = self._new_token(user.id, session.id, REFRESH, ttl)
        session.expires_at = expires_at
        actor = _actor(user, session.id, client)
        return SignIn(User.model_validate(user), actor, session.id, refresh, expires_at)

    def _new_token(self, user_id: UUID, family: UUID, purpose: str, ttl: timedelta) -> tuple[str, datetime]:
        raw = secrets.token_urlsafe(32)
        now = self.uow.now
        self.tokens.add(
            models.RefreshToken(
                user_id=user_id,
                family_id=family,
                purpose=purpose,
                token_hash=hash_of(raw),
                expires_at=now + ttl,
                created_at=now,
            )
        )
        return raw, now + ttl


def hash_of(raw: str) -> str:
    """Tokens have 256 random bits, so a plain hash keeps them: there is nothing to guess."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def _actor(user: models.User, family: UUID | None, client: Client) -> Actor:
    return Actor(user.id, user.email, user.name, family, client.ip, client.user_agent, client.request_id)


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "local"
