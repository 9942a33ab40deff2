"""Audit lines name what they are about in full, and say how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TOGETHER, ALONE = "ix_audit_log_resource_type_resource_id", "ix_audit_log_resource_id"


def upgrade() -> None:
    # PostgreSQL's ordinary index refuses texts of more than 2.7 KB, and a path may be longer
    op.drop_index(TOGETHER, "audit_log")
    with op.batch_alter_table("audit_log") as table:
        table.alter_column("resource_id", existing_type=sa.String(128), type_=sa.Text())
        table.add_column(sa.Column("outcome", sa.String(16), nullable=False, server_default="success"))
        table.create_check_constraint(op.f("ck_audit_log_outcome"), "outcome IN ('success', 'failure')")
    op.create_index(ALONE, "audit_log", ["resource_id"], postgresql_using="hash")
    op.execute(
        "UPDATE audit_log SET outcome = 'failure' WHERE action IN ('auth.sign_in_refused', 'auth.refresh_reused')"
    )


def downgrade() -> None:
    op.drop_index(ALONE, "audit_log")
    op.execute("UPDATE audit_log SET resource_id = substr(resource_id, 1, 128)")
    with op.batch_alter_table("audit_log") as table:
        table.drop_constraint(op.f("ck_audit_log_outcome"), type_="check")
        table.drop_column("outcome")
        table.alter_column("resource_id", existing_type=sa.Text(), type_=sa.String(128))
    op.create_index(TOGETHER, "audit_log", ["resource_type", "resource_id"])
