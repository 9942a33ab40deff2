"""The tables."""

from opm.server.db.base import Base
from opm.server.db.models.audit import AuditLog
from opm.server.db.models.config import OpencodeConfig
from opm.server.db.models.idempotency import IdempotencyKey
from opm.server.db.models.lease import Lease
from opm.server.db.models.project import Project
from opm.server.db.models.session import Interaction, OpencodeSession, SessionEvent
from opm.server.db.models.task import Task, TaskEvent, TaskTemplate
from opm.server.db.models.user import AuthSession, LoginAttempt, RefreshToken, User

metadata = Base.metadata
"""All of them."""

__all__ = [
    "AuditLog",
    "AuthSession",
    "IdempotencyKey",
    "Interaction",
    "Lease",
    "LoginAttempt",
    "OpencodeConfig",
    "OpencodeSession",
    "Project",
    "RefreshToken",
    "SessionEvent",
    "Task",
    "TaskEvent",
    "TaskTemplate",
    "User",
    "metadata",
]
