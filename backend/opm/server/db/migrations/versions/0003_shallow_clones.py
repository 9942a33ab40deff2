"""How much of a repository's history is cloned."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("git_depth", sa.Integer()))


def downgrade() -> None:
    op.drop_column("projects", "git_depth")
