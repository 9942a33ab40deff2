"""People, the links of their sign-ins, answers kept for them. One guarded UPDATE spends a token: only one can."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, delete, exists, select, update

from opm.server.db.models import IdempotencyKey, RefreshToken, User
from opm.server.db.repository import Repository
from opm.server.features.users.kept import KeptAnswer

# asked with every request, hence columns only and prepared once
_LIVE = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.disabled_at.is_(None))
    .where(
        exists().where(
            RefreshToken.family_id == bindparam("family"),
            RefreshToken.user_id == User.id,
            RefreshToken.purpose == "refresh",
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > bindparam("now", type_=RefreshToken.expires_at.type),
        )
    )
)


class UserRepository(Repository[User]):
    model = User

    async def by_subject(self, issuer: str, subject: str) -> User | None:
        return await self.one(select(User).where(User.issuer == issuer, User.oidc_subject == subject))

    async def is_live(self, user_id: UUID, family: UUID, now: datetime) -> bool:
        found = await self.session.execute(_LIVE, {"user_id": user_id, "family": family, "now": now})
        return found.first() is not None


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
