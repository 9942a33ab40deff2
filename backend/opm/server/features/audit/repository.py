"""Lines of the audit log."""

from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from opm.server.db.models import AuditLog, Project
from opm.server.db.repository import Repository
from opm.server.features.audit.schemas import AuditFilter
from opm.server.features.projects.schemas import DesiredState


class AuditRepository(Repository[AuditLog]):
    model = AuditLog

    def of(self, project_id: UUID, wanted: AuditFilter) -> Select[AuditLog]:
        return _narrowed(select(AuditLog).where(AuditLog.project_id == project_id), wanted)

    def of_account(self, user_id: UUID, wanted: AuditFilter) -> Select[AuditLog]:
        """What belongs to no project, or to one of theirs that is no more."""
        deleted = select(Project.id).where(Project.user_id == user_id, Project.desired_state == DesiredState.DELETED)
        own = and_(AuditLog.user_id == user_id, AuditLog.project_id.is_(None))
        return _narrowed(select(AuditLog).where(or_(own, AuditLog.project_id.in_(deleted))), wanted)

    def of_all_accounts(self, wanted: AuditFilter) -> Select[AuditLog]:
        return _narrowed(select(AuditLog).where(AuditLog.project_id.is_(None)), wanted)


def _narrowed(query: Select[AuditLog], wanted: AuditFilter) -> Select[AuditLog]:
    columns = {
        AuditLog.action: wanted.action,
        AuditLog.user_id: wanted.user,
        AuditLog.resource_type: wanted.resource_type,
        AuditLog.resource_id: wanted.resource_id,
        AuditLog.outcome: wanted.outcome,
    }
    query = query.where(*(column == value for column, value in columns.items() if value is not None))
    if wanted.since is not None:
        query = query.where(AuditLog.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditLog.created_at < wanted.until)
    return query
