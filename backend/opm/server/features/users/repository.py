"""People, the links of their sign-ins, answers kept for them. One guarded UPDATE spends a token: only one can."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, bindparam, delete, func, or_, select, update

from opm.server.clients.oidc.base import LogoutNotice
from opm.server.db.models import AuthSession, IdempotencyKey, LoginAttempt, RefreshToken, User
from opm.server.db.repository import Repository
from opm.server.features.users.kept import KeptAnswer
from opm.server.features.users.schemas import Living

_SAME_SECOND = timedelta(seconds=1)
"""Providers tell times in whole seconds."""

# asked with every request, hence columns only and prepared once
_LIVING = (
    select(
        AuthSession.id,
        AuthSession.user_id,
        AuthSession.scope,
        AuthSession.checked_at,
        AuthSession.last_seen_at,
        AuthSession.refresh_encrypted.is_not(None),
        User.is_admin,
    )
    .join(User, User.id == AuthSession.user_id)
    .where(
        AuthSession.id.in_(bindparam("ids", expanding=True)),
        AuthSession.ended_at.is_(None),
        AuthSession.expires_at > bindparam("now", type_=AuthSession.expires_at.type),
        User.disabled_at.is_(None),
    )
)


class UserRepository(Repository[User]):
    model = User

    async def locked(self, user_id: UUID) -> User | None:
        return await self.one(select(User).where(User.id == user_id).with_for_update())

    async def by_subject(self, issuer: str, subject: str) -> User | None:
        return await self.one(select(User).where(User.issuer == issuer, User.oidc_subject == subject))

    async def named(self, text: str) -> User | None:
        """By id, or by an address that only one has."""
        try:
            return await self.get(UUID(text))
        except ValueError:
            found = await self.all(select(User).where(User.email == text).limit(2))
            return found[0] if len(found) == 1 else None

    def everyone(self, words: str | None) -> Select[User]:
        query = select(User)
        if words:
            said = words.lower()
            named = (func.lower(column).contains(said, autoescape=True) for column in (User.name, User.email))
            query = query.where(or_(*named))
        return query


class AuthSessionRepository(Repository[AuthSession]):
    model = AuthSession

    async def living(self, ids: Sequence[UUID], now: datetime) -> dict[UUID, Living]:
        found = await self.session.execute(_LIVING, {"ids": list(ids), "now": now})
        return {row[0]: Living(*row[1:]) for row in found}

    async def by_token(self, token_hash: str) -> AuthSession | None:
        return await self.one(select(AuthSession).where(AuthSession.token_hash == token_hash))

    def open_of(self, user_id: UUID, now: datetime, *, tokens: bool) -> Select[AuthSession]:
        """Browsers or personal tokens that are signed in."""
        kind = AuthSession.kind == "token"
        return select(AuthSession).where(
            AuthSession.user_id == user_id,
            kind if tokens else ~kind,
            AuthSession.ended_at.is_(None),
            AuthSession.expires_at > now,
        )

    async def end(self, which: ColumnElement[bool], now: datetime, reason: str) -> Sequence[UUID]:
        """Those that were open until now; what the provider gave for them is not needed any more."""
        ended = await self.session.execute(
            update(AuthSession)
            .where(which, AuthSession.ended_at.is_(None))
            .values(ended_at=now, end_reason=reason, refresh_encrypted=None, id_token_encrypted=None)
            .returning(AuthSession.id)
            .execution_options(synchronize_session=False)
        )
        return ended.scalars().all()

    async def end_one(self, session_id: UUID, now: datetime, reason: str) -> Sequence[UUID]:
        return await self.end(AuthSession.id == session_id, now, reason)

    async def end_browsers(self, user_id: UUID, now: datetime, reason: str) -> Sequence[UUID]:
        return await self.end((AuthSession.user_id == user_id) & (AuthSession.kind != "token"), now, reason)

    async def end_all(self, user_id: UUID, now: datetime, reason: str) -> Sequence[UUID]:
        return await self.end(AuthSession.user_id == user_id, now, reason)

    async def end_by_provider(self, notice: LogoutNotice, now: datetime) -> Sequence[UUID]:
        """Sign-ins made after the notice are none of those it speaks of, so that a notice cannot be used again."""
        people = select(User.id).where(User.issuer == notice.issuer)
        if notice.subject is not None:
            people = people.where(User.oidc_subject == notice.subject)
        which = AuthSession.user_id.in_(people) & (AuthSession.kind == "oidc")
        which &= AuthSession.created_at <= notice.issued_at + _SAME_SECOND
        if notice.provider_session is not None:
            which &= AuthSession.provider_session == notice.provider_session
        return await self.end(which, now, "provider")

    async def take_turn(self, session_id: UUID, seen: datetime | None, now: datetime) -> bool:
        """To check with the provider: True for one of those who saw the same last check."""
        before = AuthSession.checked_at.is_(None) if seen is None else AuthSession.checked_at == seen
        result = await self.session.execute(
            update(AuthSession)
            .where(AuthSession.id == session_id, before)
            .values(checked_at=now)
            .returning(AuthSession.id)
            .execution_options(synchronize_session=False)
        )
        return result.scalar_one_or_none() is not None

    async def seen(self, session_id: UUID, now: datetime) -> None:
        await self.session.execute(
            update(AuthSession)
            .where(AuthSession.id == session_id)
            .values(last_seen_at=now)
            .execution_options(synchronize_session=False)
        )

    async def forget_ended(self, until: datetime) -> None:
        old = or_(AuthSession.ended_at <= until, AuthSession.expires_at <= until)
        await self.session.execute(delete(AuthSession).where(old).execution_options(synchronize_session=False))


class LoginRepository(Repository[LoginAttempt]):
    model = LoginAttempt

    async def take(self, state_hash: str, browser_hash: str, now: datetime) -> str | None:
        """Where the attempt was to lead; for exactly one caller, who is in time and of the same browser."""
        result = await self.session.execute(
            delete(LoginAttempt)
            .where(
                LoginAttempt.state_hash == state_hash,
                LoginAttempt.browser_hash == browser_hash,
                LoginAttempt.expires_at > now,
            )
            .returning(LoginAttempt.next_path)
            .execution_options(synchronize_session=False)
        )
        return result.scalar_one_or_none()

    async def forget_expired(self, now: datetime) -> None:
        await self.session.execute(
            delete(LoginAttempt).where(LoginAttempt.expires_at <= now).execution_options(synchronize_session=False)
        )


class TokenRepository(Repository[RefreshToken]):
    model = RefreshToken

    async def by_hash(self, purpose: str, token_hash: str) -> RefreshToken | None:
        return await self.one(
            select(RefreshToken).where(RefreshToken.purpose == purpose, RefreshToken.token_hash == token_hash)
        )

    async def spend(self, purpose: str, token_hash: str, now: datetime) -> bool:
        """True for exactly one caller, and only while the token is unused, not revoked and in time."""
        result = await self.session.execute(
            update(RefreshToken)
            .where(
                RefreshToken.purpose == purpose,
                RefreshToken.token_hash == token_hash,
                RefreshToken.used_at.is_(None),
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1

    async def revoke(self, family: UUID, now: datetime) -> None:
        await self.session.execute(
            update(RefreshToken)
            .where(RefreshToken.family_id == family, RefreshToken.revoked_at.is_(None))
            .values(revoked_at=now)
            .execution_options(synchronize_session=False)
        )

    async def forget_expired(self, now: datetime) -> None:
        await self.session.execute(
            delete(RefreshToken).where(RefreshToken.expires_at <= now).execution_options(synchronize_session=False)
        )


class RepeatRepository(Repository[IdempotencyKey]):
    model = IdempotencyKey

    async def by_key(self, user_id: UUID, key: str, *, since: datetime) -> IdempotencyKey | None:
        return await self.one(
            select(IdempotencyKey).where(
                IdempotencyKey.user_id == user_id, IdempotencyKey.key == key, IdempotencyKey.created_at > since
            )
        )

    def put(self, user_id: UUID, key: str, fingerprint: str, answer: KeptAnswer, now: datetime) -> None:
        self.add(
            IdempotencyKey(
                user_id=user_id,
                key=key,
                fingerprint=fingerprint,
                response_status=answer.status,
                content_type=answer.content_type,
                body=answer.body,
                created_at=now,
            )
        )

    async def take_over(self, user_id: UUID, key: str, status: int, now: datetime, *, until: datetime) -> bool:
        """True for one caller, of a row with that status that is so old."""
        result = await self.session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
            .where(IdempotencyKey.response_status == status, IdempotencyKey.created_at <= until)
            .values(created_at=now)
            .execution_options(synchronize_session=False)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1

    async def forget(self, user_id: UUID, key: str, *, until: datetime) -> None:
        await self.session.execute(
            delete(IdempotencyKey)
            .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key, IdempotencyKey.created_at <= until)
            .execution_options(synchronize_session=False)
        )

    async def forget_all(self, *, until: datetime) -> None:
        await self.session.execute(
            delete(IdempotencyKey)
            .where(IdempotencyKey.created_at <= until)
            .execution_options(synchronize_session=False)
        )
