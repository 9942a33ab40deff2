"""One row of every table, each with values of its own wherever a table wants them unique."""

import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from opm.server.core.ids import new_id
from opm.server.db import models
from opm.server.db.base import Base
from opm.server.db.engine import Database

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_numbers = itertools.count(100)


def row_of(model: type[Base], **given: Any) -> Any:
    """A row that stands on its own; `given` names what it belongs to."""
    return model(**(_DEFAULTS[model]() | given))


_DEFAULTS: dict[type[Base], Any] = {
    models.Lease: lambda: {"name": uuid4().hex, "owner": "one", "until": NOW, "fence": 1},
    models.User: lambda: {
        "id": new_id(),
        "issuer": "test",
        "oidc_subject": uuid4().hex,
        "name": "Ann",
        "created_at": NOW,
        "updated_at": NOW,
    },
    models.RefreshToken: lambda: {
        "id": new_id(),
        "family_id": uuid4(),
        "purpose": "refresh",
        "token_hash": uuid4().hex,
        "expires_at": NOW,
        "created_at": NOW,
    },
    models.AuthSession: lambda: {
        "id": new_id(),
        "kind": "launch",
        "scope": "write",
        "token_hash": uuid4().hex,
        "expires_at": NOW,
        "created_at": NOW,
    },
    models.LoginAttempt: lambda: {
        "id": new_id(),
        "state_hash": uuid4().hex,
        "browser_hash": uuid4().hex,
        "next_path": "/",
        "expires_at": NOW,
        "created_at": NOW,
    },
    models.Project: lambda: {"id": new_id(), "name": "P", "slug": uuid4().hex, "created_at": NOW, "updated_at": NOW},
    models.Task: lambda: {"id": new_id(), "title": "T", "rank": "a0", "created_at": NOW, "updated_at": NOW},
    models.TaskEvent: lambda: {"id": new_id(), "event_type": "created", "created_at": NOW},
    models.OpencodeConfig: lambda: {
        "id": new_id(),
        "model": "m",
        "provider": "p",
        "is_active": False,
        "version": next(_numbers),
        "created_at": NOW,
    },
    models.OpencodeSession: lambda: {
        "id": new_id(),
        "message_id": "msg_1",
        "prompt": "Brew",
        "status": "running",
        "fence": 1,
        "created_at": NOW,
    },
    models.SessionEvent: lambda: {"seq": next(_numbers), "type": "output", "data": {}, "created_at": NOW},
    models.Interaction: lambda: {
        "id": new_id(),
        "sequence_number": next(_numbers),
        "kind": "permission",
        "state": "pending",
        "remote_id": uuid4().hex,
        "created_at": NOW,
    },
    models.TaskTemplate: lambda: {"id": new_id(), "name": uuid4().hex, "created_at": NOW, "updated_at": NOW},
    models.IdempotencyKey: lambda: {
        "id": new_id(),
        "key": uuid4().hex,
        "fingerprint": "f",
        "response_status": 201,
        "body": "{}",
        "created_at": NOW,
    },
    models.AuditLog: lambda: {"id": new_id(), "action": "a", "resource_type": "r", "created_at": NOW},
}


async def filled(database: Database) -> dict[str, Any]:
    """A row in every table, all belonging to one person; by the name of the table."""
    user = row_of(models.User)
    project = row_of(models.Project, user_id=user.id)
    task = row_of(models.Task, project_id=project.id, created_by=user.id)
    config = row_of(models.OpencodeConfig, project_id=project.id, created_by=user.id, is_active=True)
    run = row_of(
        models.OpencodeSession, project_id=project.id, task_id=task.id, config_id=config.id, created_by=user.id
    )
    rows = [
        user,
        row_of(models.RefreshToken, user_id=user.id),
        row_of(models.AuthSession, user_id=user.id),
        row_of(models.LoginAttempt),
        project,
        task,
        row_of(models.TaskEvent, task_id=task.id, actor_user_id=user.id),
        config,
        run,
        row_of(models.SessionEvent, session_id=run.id),
        row_of(models.Interaction, task_id=task.id, session_id=run.id, user_id=user.id),
        row_of(models.TaskTemplate, project_id=project.id),
        row_of(models.IdempotencyKey, user_id=user.id),
        row_of(models.Lease),
        row_of(models.AuditLog, user_id=user.id, project_id=project.id),
    ]
    async with database.session(write=True) as session:
        for row in rows:
            session.add(row)
            await session.flush()
        await session.commit()
    return {row.__tablename__: row for row in rows}
