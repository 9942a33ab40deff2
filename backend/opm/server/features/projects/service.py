"""Projects: making, finding, renaming, and the wish to end them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.core.settings import LimitSettings, RuntimeSettings
from opm.server.db.models import Project
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects import resources
from opm.server.features.projects.repository import ProjectRepository
from opm.server.features.projects.schemas import (
    DesiredState,
    NewProject,
    ProjectPatch,
    ProjectStatus,
    ProjectSummary,
    ProjectView,
    WorkspaceState,
)
from opm.server.runtime.base import Limits
from opm.wire.events import ProjectChanged

_NULL_SAYS_SOMETHING = {"idle_stop_seconds", "memory_mb", "cpu_limit"}
"""Namely: as the operator set it."""

_REVIEW = ("ai_review", "human_review")


class ProjectService:
    def __init__(self, uow: UnitOfWork, runtime: RuntimeSettings, limits: LimitSettings) -> None:
        self._uow = uow
        self._runtime = runtime
        self._limits = limits
        self._projects = ProjectRepository(uow.session)

    async def require(
        self, actor: Actor, ref: str | UUID, *, lock: bool = False, archived_too: bool = False
    ) -> Project:
        """The first line of everything that is done in a project: it is the actor's, or it is not there.

        An archived project can be read; a unit of work that writes finds it only if it says so.
        """
        project = await self._projects.owned(actor.user_id, ref, lock=lock)
        if project is None:
            raise NotFound("There is no such project.", project=str(ref))
        if self._uow.writes and project.status == ProjectStatus.ARCHIVED and not archived_too:
            raise Conflict("This project is archived and can only be read; restore it first.", reason="archived")
        return project

    async def by_id(self, project_id: UUID) -> Project | None:
        """For loops that act for nobody."""
        return await self._projects.get(project_id)

    async def create(self, actor: Actor, new: NewProject) -> Project:
        resources.check(new, self._runtime)
        await self._require_room(actor)
        stem = new.slug or slug_of(new.name)
        taken = await self._projects.taken_slugs(actor.user_id, stem)
        if new.slug and new.slug in taken:
            raise Conflict("You have, or had, a project with this slug; choose another.", field="slug")
        project = Project(
            id=new_id(),
            user_id=actor.user_id,
            name=new.name,
            slug=_free(stem, taken),
            description=new.description,
            sample=new.sample,
            source=new.source,
            git_url=new.git.url if new.git else None,
            git_ref=new.git.ref if new.git else None,
            git_depth=new.git.depth if new.git else None,
            workspace_state=WorkspaceState.WAITING if new.git else WorkspaceState.READY,
            memory_mb=new.memory_mb,
            cpu_limit=new.cpu_limit,
            status=ProjectStatus.INITIALIZING,
            desired_state=DesiredState.STOPPED,
            pod_status="absent",
            created_at=self._uow.now,
            updated_at=self._uow.now,
        )
        self._projects.add(project)
        await self._uow.flush()
        details: dict[str, Any] = {"name": new.name, "source": new.source} | (
            {"git_url": new.git.url} if new.git else {}
        )
        self._uow.audit(actor, "project.create", ("project", project.id), project=project.id, **details)
        self.announce(project, "created")
        return project

    async def _require_room(self, actor: Actor) -> None:
        """Archived projects count: their workspaces are still there."""
        most = self._limits.projects_per_user
        if await self._projects.count_of(actor.user_id) >= most:
            raise Conflict(
                f"You have {most} projects, which is as many as one person may have here, archived ones included. "
                "Delete one that you do not need any more.",
                reason="too_many_projects",
                limit=most,
            )

    async def page(
        self, actor: Actor, request: PageRequest, view: ProjectView = ProjectView.LIVE
    ) -> Page[ProjectSummary]:
        page = await self._projects.page_of(actor.user_id, request, archived=view == ProjectView.ARCHIVED)
        return Page(items=await self.summaries(page.items), next_cursor=page.next_cursor)

    async def summary(self, actor: Actor, ref: str) -> ProjectSummary:
        return (await self.summaries([await self.require(actor, ref)]))[0]

    async def summaries(self, projects: Sequence[Project]) -> list[ProjectSummary]:
        ids = [p.id for p in projects]
        counts = await self._projects.task_counts(ids)
        asks = await self._projects.pending_asks(ids)
        runs = await self._projects.active_runs(ids)
        demo = await self._projects.on_demo(ids)
        made: list[ProjectSummary] = []
        for project in projects:
            summary = ProjectSummary.model_validate(project)
            summary.task_counts = counts.get(project.id, {})
            summary.attention_count = asks.get(project.id, 0) + sum(summary.task_counts.get(s, 0) for s in _REVIEW)
            summary.running_count = runs.get(project.id, 0)
            summary.demo = project.id in demo
            made.append(summary)
        return made

    async def patch(self, actor: Actor, ref: str, patch: ProjectPatch) -> Project:
        project = await self.require(actor, ref, lock=True)
        resources.check(patch, self._runtime)
        for name, value in patch.model_dump(exclude_none=True).items():
            setattr(project, name, value)
        for name in patch.model_fields_set & _NULL_SAYS_SOMETHING:
            setattr(project, name, getattr(patch, name))
        project.updated_at = self._uow.now
        changed = sorted(patch.model_fields_set)
        self._uow.audit(actor, "project.update", ("project", project.id), project=project.id, changed=changed)
        self.announce(project, "updated")
        return project

    async def delete(self, actor: Actor, ref: str) -> Project:
        """A wish: the pod and its workspace end soon after; the record is kept, archived."""
        project = await self.require(actor, ref, lock=True, archived_too=True)
        project.desired_state = DesiredState.DELETED
        if project.status == ProjectStatus.ARCHIVED:
            # the mark of a pod and volume that are no more is set again when they are
            project.status, project.archived_at = ProjectStatus.READY, None
        project.updated_at = self._uow.now
        self._uow.audit(actor, "project.delete", ("project", project.id), project=project.id, name=project.name)
        self.announce(project, "archived")
        return project

    async def archive(self, actor: Actor, ref: str) -> Project:
        project = await self.require(actor, ref, lock=True, archived_too=True)
        if project.status != ProjectStatus.ARCHIVED:
            project.status, project.archived_at = ProjectStatus.ARCHIVED, self._uow.now
            project.desired_state, project.updated_at = DesiredState.STOPPED, self._uow.now
            self._uow.audit(actor, "project.archive", ("project", project.id), project=project.id, name=project.name)
            self.announce(project, "archived")
        return project

    async def restore(self, actor: Actor, ref: str) -> Project:
        project = await self.require(actor, ref, lock=True, archived_too=True)
        if project.status == ProjectStatus.ARCHIVED:
            project.status, project.archived_at = ProjectStatus.READY, None
            project.updated_at = self._uow.now
            self._uow.audit(actor, "project.restore", ("project", project.id), project=project.id, name=project.name)
            self.announce(project, "updated")
        return project

    def limits_of(self, project: Project) -> Limits:
        """What its pod may use."""
        return resources.limits_of(project, self._runtime)

    def announce(self, project: Project, change: str) -> None:
        event = ProjectChanged.model_validate({"projectId": project.id, "timestamp": self._uow.now, "change": change})
        self._uow.emit(event)


def slug_of(name: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:50].strip("-") or "project"


def _free(stem: str, taken: set[str]) -> str:
    if stem not in taken:
        return stem
    return next(f"{stem}-{n}" for n in range(2, len(taken) + 3) if f"{stem}-{n}" not in taken)
