"""Sources of workspaces, templates, deleted cards, queued messages, agents, preferences, idempotency keys."""

import sqlalchemy as sa
from alembic import op

from opm.server.db.base import JsonColumn, SealedText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATE_BEFORE = "state IN ('pending', 'sent', 'answered', 'expired')"
STATE = "state IN ('pending', 'queued', 'sent', 'answered', 'expired', 'withdrawn')"


def upgrade() -> None:
    _checked("projects", "source", "'empty'", "'empty', 'sample', 'git'")
    _checked("projects", "workspace_state", "'ready'", "'waiting', 'cloning', 'ready', 'failed'")
    op.execute("UPDATE projects SET source = 'sample' WHERE sample")
    op.add_column("projects", sa.Column("git_url", sa.String(2000)))
    op.add_column("projects", sa.Column("git_ref", sa.String(255)))
    op.add_column("projects", sa.Column("git_credential_encrypted", SealedText()))
    op.add_column("projects", sa.Column("workspace_reason", sa.Text()))
    op.add_column("projects", sa.Column("idle_stop_seconds", sa.Integer()))
    op.add_column("projects", sa.Column("max_concurrent_runs", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("tasks", sa.Column("deleted_at", UtcDateTime()))
    op.create_index("ix_tasks_deleted_at", "tasks", ["deleted_at"])
    op.create_index("ix_tasks_project_id_rank_id", "tasks", ["project_id", "rank", "id"])
    op.add_column("opencode_configs", sa.Column("steps", sa.Integer()))
    op.add_column("opencode_configs", sa.Column("agents", JsonColumn, nullable=False, server_default="{}"))
    op.add_column("opencode_configs", sa.Column("default_agent", sa.String(64)))
    op.add_column("opencode_sessions", sa.Column("rerun_of", sa.Uuid()))
    op.add_column("opencode_sessions", sa.Column("children", JsonColumn, nullable=False, server_default="[]"))
    op.add_column("users", sa.Column("preferences", JsonColumn, nullable=False, server_default="{}"))
    _states(STATE)
    _new_tables()


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("task_templates")
    op.execute("DELETE FROM interactions WHERE state IN ('queued', 'withdrawn')")
    _states(STATE_BEFORE)
    op.drop_column("users", "preferences")
    op.drop_column("opencode_sessions", "children")
    op.drop_column("opencode_sessions", "rerun_of")
    for name in ("default_agent", "agents", "steps"):
        op.drop_column("opencode_configs", name)
    op.drop_index("ix_tasks_project_id_rank_id", "tasks")
    op.drop_index("ix_tasks_deleted_at", "tasks")
    op.drop_column("tasks", "deleted_at")
    for name in ("max_concurrent_runs", "idle_stop_seconds", "workspace_reason"):
        op.drop_column("projects", name)
    for name in ("git_credential_encrypted", "git_ref", "git_url", "workspace_state", "source"):
        op.drop_column("projects", name)


def _checked(table: str, column: str, default: str, values: str) -> None:
    """In one statement, which both databases take without copying the table."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(8) DEFAULT {default} NOT NULL "
        f"CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({values}))"
    )


def _states(check: str) -> None:
    """SQLite cannot change a constraint: there the table is copied."""
    with op.batch_alter_table("interactions") as table:
        table.drop_constraint(op.f("ck_interactions_state"), type_="check")
        table.create_check_constraint(op.f("ck_interactions_state"), check)


def _new_tables() -> None:
    op.create_table(
        "task_templates",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_task_templates_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_templates")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_task_templates_project_id_name")),
    )
    op.create_index("ix_task_templates_project_id", "task_templates", ["project_id"])
    op.create_index("ix_task_templates_created_at", "task_templates", ["created_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_idempotency_keys_user_id_key")),
    )
    op.create_index("ix_idempotency_keys_user_id", "idempotency_keys", ["user_id"])
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
