"""What the pod of a project may use."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("memory_mb", sa.Integer()))
    op.add_column("projects", sa.Column("cpu_limit", sa.Float()))


def downgrade() -> None:
    op.drop_column("projects", "cpu_limit")
    op.drop_column("projects", "memory_mb")
