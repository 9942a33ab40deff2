"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from opm.server.db.base import SealedText, UtcDateTime

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


GIN = (("tasks", "file_references"), ("task_events", "metadata"), ("opencode_configs", "tools"), ("audit_log", "details"))


def upgrade() -> None:
    op.create_table('users',
    sa.Column('issuer', sa.String(length=500), nullable=False),
    sa.Column('oidc_subject', sa.String(length=255), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=True),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('picture_url', sa.String(length=2000), nullable=True),
    sa.Column('disabled_at', UtcDateTime(), nullable=True),
    sa.Column('last_login_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('issuer', 'oidc_subject', name=op.f('uq_users_issuer_oidc_subject'))
    )
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_users_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_users_email'), ['email'], unique=False)

    op.create_table('audit_log',
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('project_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('resource_type', sa.String(length=32), nullable=False),
    sa.Column('resource_id', sa.String(length=128), nullable=True),
    sa.Column('details', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('ip_address', sa.String(length=64), nullable=True),
    sa.Column('user_agent', sa.String(length=512), nullable=True),
    sa.Column('request_id', sa.String(length=64), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_audit_log_user_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log'))
    )
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_log_action'), ['action'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_log_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_log_project_id'), ['project_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_log_resource_type_resource_id'), ['resource_type', 'resource_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_log_user_id'), ['user_id'], unique=False)

    op.create_table('projects',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('slug', sa.String(length=63), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('pod_name', sa.String(length=253), nullable=True),
    sa.Column('pod_namespace', sa.String(length=63), nullable=True),
    sa.Column('pod_status', sa.String(length=16), nullable=False),
    sa.Column('pod_reason', sa.Text(), nullable=True),
    sa.Column('workspace_pvc_name', sa.String(length=253), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('desired_state', sa.String(length=16), nullable=False),
    sa.Column('sample', sa.Boolean(), nullable=False),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.Column('archived_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("desired_state IN ('running', 'stopped', 'deleted')", name=op.f('ck_projects_desired_state')),
    sa.CheckConstraint("pod_status IN ('absent', 'pending', 'running', 'stopping', 'failed')", name=op.f('ck_projects_pod_status')),
    sa.CheckConstraint("status IN ('initializing', 'ready', 'error', 'archived')", name=op.f('ck_projects_status')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_projects_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_projects')),
    sa.UniqueConstraint('user_id', 'slug', name=op.f('uq_projects_user_id_slug'))
    )
    with op.batch_alter_table('projects', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_projects_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_projects_desired_state'), ['desired_state'], unique=False)
        batch_op.create_index(batch_op.f('ix_projects_pod_status'), ['pod_status'], unique=False)
        batch_op.create_index(batch_op.f('ix_projects_status'), ['status'], unique=False)
        batch_op.create_index(batch_op.f('ix_projects_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_projects_user_id_status'), ['user_id', 'status'], unique=False)

    op.create_table('refresh_tokens',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('family_id', sa.Uuid(), nullable=False),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('used_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_refresh_tokens_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refresh_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_refresh_tokens_token_hash'))
    )
    with op.batch_alter_table('refresh_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refresh_tokens_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_refresh_tokens_family_id'), ['family_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_refresh_tokens_user_id'), ['user_id'], unique=False)

    op.create_table('opencode_configs',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('model', sa.String(length=200), nullable=False),
    sa.Column('provider', sa.String(length=64), nullable=False),
    sa.Column('base_url', sa.String(length=2000), nullable=True),
    sa.Column('provider_api_key_encrypted', SealedText(), nullable=True),
    sa.Column('api_key_last4', sa.String(length=4), nullable=True),
    sa.Column('tools', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('permissions', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('temperature', sa.Float(), nullable=True),
    sa.Column('max_tokens', sa.Integer(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_opencode_configs_created_by_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_opencode_configs_project_id_projects'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opencode_configs')),
    sa.UniqueConstraint('project_id', 'version', name=op.f('uq_opencode_configs_project_id_version'))
    )
    with op.batch_alter_table('opencode_configs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opencode_configs_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_configs_created_by'), ['created_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_configs_project_id'), ['project_id'], unique=False)
        batch_op.create_index('uq_opencode_configs_active', ['project_id'], unique=True, sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))

    op.create_table('tasks',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('rank', sa.String(length=200).with_variant(sa.String(length=200, collation='C'), 'postgresql'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('current_session_id', sa.Uuid(), nullable=True),
    sa.Column('opencode_output', sa.Text(), nullable=True),
    sa.Column('execution_duration_ms', sa.Integer(), nullable=True),
    sa.Column('file_references', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("status IN ('todo', 'in_progress', 'ai_review', 'human_review', 'done')", name=op.f('ck_tasks_status')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_tasks_created_by_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_tasks_project_id_projects'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks'))
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tasks_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_created_by'), ['created_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_current_session_id'), ['current_session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_project_id'), ['project_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_project_id_status_rank'), ['project_id', 'status', 'rank'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_status'), ['status'], unique=False)

    op.create_table('opencode_sessions',
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('remote_session_id', sa.String(length=128), nullable=True),
    sa.Column('message_id', sa.String(length=128), nullable=False),
    sa.Column('incarnation', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('verdict', sa.String(length=16), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('retry_message', sa.Text(), nullable=True),
    sa.Column('prompt', sa.Text(), nullable=False),
    sa.Column('final_output', sa.Text(), nullable=True),
    sa.Column('exit_code', sa.Integer(), nullable=True),
    sa.Column('tokens', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('cost', sa.Float(), nullable=False),
    sa.Column('diff', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True),
    sa.Column('cancel_requested_at', UtcDateTime(), nullable=True),
    sa.Column('lease_owner', sa.String(length=64), nullable=True),
    sa.Column('lease_until', UtcDateTime(), nullable=True),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('last_seq', sa.Integer(), nullable=False),
    sa.Column('execution_start_at', UtcDateTime(), nullable=True),
    sa.Column('execution_end_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("status IN ('queued', 'starting', 'running', 'completed', 'failed', 'cancelled')", name=op.f('ck_opencode_sessions_status')),
    sa.ForeignKeyConstraint(['config_id'], ['opencode_configs.id'], name=op.f('fk_opencode_sessions_config_id_opencode_configs'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_opencode_sessions_created_by_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['project_id'], ['projects.id'], name=op.f('fk_opencode_sessions_project_id_projects'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_opencode_sessions_task_id_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opencode_sessions'))
    )
    with op.batch_alter_table('opencode_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opencode_sessions_config_id'), ['config_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_created_by'), ['created_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_lease_until'), ['lease_until'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_project_id'), ['project_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_project_id_status'), ['project_id', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_remote_session_id'), ['remote_session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_status'), ['status'], unique=False)
        batch_op.create_index(batch_op.f('ix_opencode_sessions_task_id'), ['task_id'], unique=False)

    op.create_table('task_events',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('event_type', sa.String(length=64), nullable=False),
    sa.Column('actor_user_id', sa.Uuid(), nullable=True),
    sa.Column('metadata', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['actor_user_id'], ['users.id'], name=op.f('fk_task_events_actor_user_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_task_events_task_id_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task_events'))
    )
    with op.batch_alter_table('task_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_events_actor_user_id'), ['actor_user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_events_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_events_event_type'), ['event_type'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_events_task_id_id'), ['task_id', 'id'], unique=False)

    op.create_table('interactions',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=True),
    sa.Column('sequence_number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('remote_id', sa.String(length=128), nullable=True),
    sa.Column('request', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('answer', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True),
    sa.Column('user_prompt', sa.Text(), nullable=True),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('agent_response', sa.Text(), nullable=True),
    sa.Column('user_prompt_at', UtcDateTime(), nullable=True),
    sa.Column('agent_response_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('prompt', 'feedback', 'permission', 'question')", name=op.f('ck_interactions_kind')),
    sa.CheckConstraint("state IN ('pending', 'sent', 'answered', 'expired')", name=op.f('ck_interactions_state')),
    sa.ForeignKeyConstraint(['session_id'], ['opencode_sessions.id'], name=op.f('fk_interactions_session_id_opencode_sessions'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_interactions_task_id_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_interactions_user_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interactions')),
    sa.UniqueConstraint('session_id', 'remote_id', name=op.f('uq_interactions_session_id_remote_id')),
    sa.UniqueConstraint('task_id', 'sequence_number', name=op.f('uq_interactions_task_id_sequence_number'))
    )
    with op.batch_alter_table('interactions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interactions_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_interactions_session_id'), ['session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_interactions_state'), ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_interactions_task_id'), ['task_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_interactions_user_id'), ['user_id'], unique=False)

    op.create_table('session_events',
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('type', sa.String(length=32), nullable=False),
    sa.Column('data', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['opencode_sessions.id'], name=op.f('fk_session_events_session_id_opencode_sessions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('session_id', 'seq', name=op.f('pk_session_events'))
    )
    if op.get_bind().dialect.name == "postgresql":
        for table, column in GIN:
            op.create_index(f"ix_{table}_{column}", table, [column], postgresql_using="gin")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in GIN:
            op.drop_index(f"ix_{table}_{column}", table)
    op.drop_table('session_events')
    with op.batch_alter_table('interactions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_interactions_user_id'))
        batch_op.drop_index(batch_op.f('ix_interactions_task_id'))
        batch_op.drop_index(batch_op.f('ix_interactions_state'))
        batch_op.drop_index(batch_op.f('ix_interactions_session_id'))
        batch_op.drop_index(batch_op.f('ix_interactions_created_at'))

    op.drop_table('interactions')
    with op.batch_alter_table('task_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_task_events_task_id_id'))
        batch_op.drop_index(batch_op.f('ix_task_events_event_type'))
        batch_op.drop_index(batch_op.f('ix_task_events_created_at'))
        batch_op.drop_index(batch_op.f('ix_task_events_actor_user_id'))

    op.drop_table('task_events')
    with op.batch_alter_table('opencode_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_task_id'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_status'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_remote_session_id'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_project_id_status'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_project_id'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_lease_until'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_created_by'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_created_at'))
        batch_op.drop_index(batch_op.f('ix_opencode_sessions_config_id'))

    op.drop_table('opencode_sessions')
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_tasks_status'))
        batch_op.drop_index(batch_op.f('ix_tasks_project_id_status_rank'))
        batch_op.drop_index(batch_op.f('ix_tasks_project_id'))
        batch_op.drop_index(batch_op.f('ix_tasks_current_session_id'))
        batch_op.drop_index(batch_op.f('ix_tasks_created_by'))
        batch_op.drop_index(batch_op.f('ix_tasks_created_at'))

    op.drop_table('tasks')
    with op.batch_alter_table('opencode_configs', schema=None) as batch_op:
        batch_op.drop_index('uq_opencode_configs_active', sqlite_where=sa.text('is_active'), postgresql_where=sa.text('is_active'))
        batch_op.drop_index(batch_op.f('ix_opencode_configs_project_id'))
        batch_op.drop_index(batch_op.f('ix_opencode_configs_created_by'))
        batch_op.drop_index(batch_op.f('ix_opencode_configs_created_at'))

    op.drop_table('opencode_configs')
    with op.batch_alter_table('refresh_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_refresh_tokens_user_id'))
        batch_op.drop_index(batch_op.f('ix_refresh_tokens_family_id'))
        batch_op.drop_index(batch_op.f('ix_refresh_tokens_expires_at'))

    op.drop_table('refresh_tokens')
    with op.batch_alter_table('projects', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_projects_user_id_status'))
        batch_op.drop_index(batch_op.f('ix_projects_user_id'))
        batch_op.drop_index(batch_op.f('ix_projects_status'))
        batch_op.drop_index(batch_op.f('ix_projects_pod_status'))
        batch_op.drop_index(batch_op.f('ix_projects_desired_state'))
        batch_op.drop_index(batch_op.f('ix_projects_created_at'))

    op.drop_table('projects')
    with op.batch_alter_table('audit_log', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_log_user_id'))
        batch_op.drop_index(batch_op.f('ix_audit_log_resource_type_resource_id'))
        batch_op.drop_index(batch_op.f('ix_audit_log_project_id'))
        batch_op.drop_index(batch_op.f('ix_audit_log_created_at'))
        batch_op.drop_index(batch_op.f('ix_audit_log_action'))

    op.drop_table('audit_log')
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_users_email'))
        batch_op.drop_index(batch_op.f('ix_users_created_at'))

    op.drop_table('users')
