"""Reading who did what; lines are written by the unit of work, beside what they tell of."""

from opm.server.core.actor import Actor
from opm.server.core.paging import Page, PageRequest
from opm.server.db.uow import UnitOfWork
from opm.server.features.audit.repository import AuditRepository
from opm.server.features.audit.schemas import AuditEntry
from opm.server.features.projects.service import ProjectService


class AuditService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService) -> None:
        self._projects = projects
        self._lines = AuditRepository(uow.session)

    async def page(self, actor: Actor, ref: str, request: PageRequest) -> Page[AuditEntry]:
        project = await self._projects.require(actor, ref)
        page = await self._lines.page(self._lines.of(project.id), request)
        return Page(items=[AuditEntry.model_validate(row) for row in page.items], next_cursor=page.next_cursor)
