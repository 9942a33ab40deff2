"""Sign-ins as rows of their own, personal access tokens, the way to an identity provider and back, administrators."""

import sqlalchemy as sa
from alembic import op

from opm.server.db.base import SealedText, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEEP_SIGN_INS = """
INSERT INTO auth_sessions (id, user_id, kind, scope, created_at, expires_at)
SELECT family_id, user_id, 'launch', 'write', MIN(created_at), MAX(expires_at)
FROM refresh_tokens
WHERE purpose = 'refresh' AND revoked_at IS NULL
GROUP BY family_id, user_id
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("is_admin", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "auth_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("provider_session", sa.String(255)),
        sa.Column("refresh_encrypted", SealedText()),
        sa.Column("id_token_encrypted", SealedText()),
        sa.Column("checked_at", UtcDateTime()),
        sa.Column("ip_address", sa.String(64)),
        sa.Column("user_agent", sa.String(512)),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime()),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("end_reason", sa.String(32)),
        sa.CheckConstraint("kind IN ('launch', 'oidc', 'token')", name="ck_auth_sessions_kind"),
        sa.CheckConstraint("scope IN ('read', 'write')", name="ck_auth_sessions_scope"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_auth_sessions_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_auth_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_auth_sessions_token_hash"),
    )
    for column in ("user_id", "provider_session", "expires_at"):
        op.create_index(f"ix_auth_sessions_{column}", "auth_sessions", [column])
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempts"),
        sa.UniqueConstraint("state_hash", name="uq_login_attempts_state_hash"),
    )
    op.create_index("ix_login_attempts_expires_at", "login_attempts", ["expires_at"])
    op.execute(_KEEP_SIGN_INS)


def downgrade() -> None:
    op.drop_table("login_attempts")
    op.drop_table("auth_sessions")
    op.drop_column("users", "is_admin")
