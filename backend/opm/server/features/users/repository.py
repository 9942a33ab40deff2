"""People and the links of their sign-ins. A token is spent by one guarded UPDATE, so that only one can spend it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, delete, exists, select, update

from opm.server.db.models import RefreshToken, User
from opm.server.db.repository import Repository

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
