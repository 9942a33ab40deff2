"""The audit log is read by pages, newest first, of one project or of one person."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_log_project_id_id", "audit_log", ["project_id", "id"])
    op.create_index("ix_audit_log_user_id_id", "audit_log", ["user_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_user_id_id", "audit_log")
    op.drop_index("ix_audit_log_project_id_id", "audit_log")
