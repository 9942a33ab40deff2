"""Templates: text that new cards of a project can begin with."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.core.texts import Said
from opm.server.db.models import TaskTemplate
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.service import ProjectService
from opm.server.features.tasks.repository import TemplateRepository

MOST = 200


class NewTemplate(Said):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=120, examples=["Bug report"])
    title: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=200_000, description="Markdown, as in a card")


class TemplatePatch(Said):
    """Fields not named stay as they are."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(default=None, min_length=1, max_length=120)
    title: str | None = Field(default=None, max_length=200)
    description: str | None = Field(default=None, max_length=200_000)


class Template(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    project_id: UUID
    name: str
    title: str
    description: str
    created_at: datetime
    updated_at: datetime


class TemplateService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService) -> None:
        self._uow = uow
        self._projects = projects
        self._templates = TemplateRepository(uow.session)

    async def page(self, actor: Actor, ref: str, request: PageRequest) -> Page[Template]:
        project = await self._projects.require(actor, ref)
        query = self._templates.of_project(project.id)
        rows = await self._templates.page(query, request, newest_first=False)
        return Page(items=[Template.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def create(self, actor: Actor, ref: str, new: NewTemplate) -> Template:
        project = await self._projects.require(actor, ref, lock=True)
        if await self._templates.count(project.id) >= MOST:
            raise Conflict(f"A project holds at most {MOST} templates; delete one first.", limit=MOST)
        await self._check_name(project.id, new.name)
        now = self._uow.now
        row = TaskTemplate(id=new_id(), project_id=project.id, created_at=now, updated_at=now, **new.model_dump())
        self._templates.add(row)
        await self._uow.flush()
        return Template.model_validate(row)

    async def patch(self, actor: Actor, ref: str, template_id: UUID, patch: TemplatePatch) -> Template:
        row = await self._require(actor, ref, template_id)
        if patch.name is not None and patch.name != row.name:
            await self._check_name(row.project_id, patch.name)
        for name, value in patch.model_dump(exclude_none=True).items():
            setattr(row, name, value)
        row.updated_at = self._uow.now
        await self._uow.flush()
        return Template.model_validate(row)

    async def delete(self, actor: Actor, ref: str, template_id: UUID) -> None:
        await self._templates.delete(await self._require(actor, ref, template_id))

    async def _require(self, actor: Actor, ref: str, template_id: UUID) -> TaskTemplate:
        project = await self._projects.require(actor, ref)
        row = await self._templates.get(template_id)
        if row is None or row.project_id != project.id:
            raise NotFound("There is no such template in this project.", template=str(template_id))
        return row

    async def _check_name(self, project_id: UUID, name: str) -> None:
        if await self._templates.named(project_id, name) is not None:
            raise Conflict("A template of this project has that name already; choose another.", field="name")
