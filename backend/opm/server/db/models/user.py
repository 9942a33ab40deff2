"""People, known by issuer and subject, and their sign-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.core.crypto import Sealed
from opm.server.db.base import Base, Identified, one_of


class User(Identified, Base):
    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "oidc_subject"),)

    issuer: Mapped[str] = mapped_column(String(500))
    oidc_subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(255))
    picture_url: Mapped[str | None] = mapped_column(String(2000))
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_admin: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]


class AuthSession(Identified, Base):
    """A sign-in at a browser, or a personal access token: what is ended when somebody is signed out.

    `token_hash`, `name` and `scope` are of personal tokens; the provider's columns of sign-ins through one. The id is
    that of the family of refresh tokens.
    """

    __tablename__ = "auth_sessions"
    __table_args__ = (one_of("kind", ("launch", "oidc", "token")), one_of("scope", ("read", "write")))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(16), default="write")
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    provider_session: Mapped[str | None] = mapped_column(String(255), index=True)
    refresh_encrypted: Mapped[Sealed | None]
    id_token_encrypted: Mapped[Sealed | None]
    checked_at: Mapped[datetime | None]
    ip_address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(512))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(32))


class LoginAttempt(Identified, Base):
    """Somebody on the way to the identity provider and back. Its secrets are derived from `state`, of which only a
    hash is kept; `browser_hash` is that of the cookie which only the browser that left can bring back."""

    __tablename__ = "login_attempts"

    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    next_path: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]


class RefreshToken(Identified, Base):
    """One link in the chain of a sign-in. Launch addresses are the same kind of thing, used once."""

    __tablename__ = "refresh_tokens"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
