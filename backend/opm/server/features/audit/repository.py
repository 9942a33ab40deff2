"""Lines of the audit log."""

from uuid import UUID

from sqlalchemy import Select, select

from opm.server.db.models import AuditLog
from opm.server.db.repository import Repository


class AuditRepository(Repository[AuditLog]):
    model = AuditLog

    def of(self, project_id: UUID) -> Select[AuditLog]:
        return select(AuditLog).where(AuditLog.project_id == project_id)
