"""Reading who did what; lines are written by the unit of work, beside what they tell of."""

from opm.server.core.actor import Actor
from opm.server.core.paging import Page, PageRequest
from opm.server.db.models import AuditLog
from opm.server.db.people import names_of
from opm.server.db.repository import Rows
from opm.server.db.uow import UnitOfWork
from opm.server.features.audit.repository import AuditRepository
from opm.server.features.audit.schemas import AuditEntry, AuditFilter
from opm.server.features.projects.service import ProjectService


class AuditService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService) -> None:
        self._projects = projects
        self._lines = AuditRepository(uow.session)

    async def page(
        self, actor: Actor, ref: str, request: PageRequest, wanted: AuditFilter | None = None
    ) -> Page[AuditEntry]:
        project = await self._projects.require(actor, ref)
        return await self._told(await self._lines.page(self._lines.of(project.id, wanted or AuditFilter()), request))

    async def account_page(self, actor: Actor, request: PageRequest, wanted: AuditFilter) -> Page[AuditEntry]:
        return await self._told(await self._lines.page(self._lines.of_account(actor.user_id, wanted), request))

    async def page_of_all_accounts(self, request: PageRequest, wanted: AuditFilter) -> Page[AuditEntry]:
        """For administrators: who came in, who was refused, who was shut out; nothing of anybody's projects."""
        return await self._told(await self._lines.page(self._lines.of_all_accounts(wanted), request))

    async def _told(self, rows: Rows[AuditLog]) -> Page[AuditEntry]:
        names = await names_of(self._lines.session, (row.user_id for row in rows.items))
        items = [AuditEntry.model_validate(row) for row in rows.items]
        for item in items:
            item.user_name = names.get(item.user_id)
        return Page(items=items, next_cursor=rows.next_cursor)
