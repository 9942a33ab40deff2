"""Workspaces made of a repository: wished for by people, fulfilled by `background/cloning`."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.crypto import Cipher, Sealed, place_of
from opm.server.core.errors import Conflict, Unavailable
from opm.server.db.models import Project
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.schemas import CloneAgain, DesiredState, GitSource, ProjectStatus, WorkspaceState
from opm.server.features.projects.service import ProjectService
from opm.server.features.workspaces.repository import WorkspaceRepository
from opm.server.features.workspaces.schemas import Clone
from opm.server.realtime.bus import WAKE_PUMP, WAKE_RECONCILE, Bus, Message
from opm.wire.events import WorkspaceChanged

_UNDER_WAY = frozenset({WorkspaceState.WAITING, WorkspaceState.CLONING})


class CloneService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService, cipher: Cipher, bus: Bus) -> None:
        self._uow = uow
        self._projects = projects
        self._cipher = cipher
        self._bus = bus
        self._workspaces = WorkspaceRepository(uow.session)

    # --- what people want ----------------------------------------------------------------------------------

    def wish(self, actor: Actor, project: Project, source: GitSource) -> None:
        """For a project that is being made."""
        self._keep_credential(project, actor, source.username, source.token)
        self._wake()

    async def again(self, actor: Actor, ref: str, change: CloneAgain) -> Project:
        project = await self._projects.require(actor, ref, lock=True)
        if project.workspace_state != WorkspaceState.FAILED:
            raise Conflict(
                "Only a clone that failed can be tried again.", reason=f"workspace_{project.workspace_state}"
            )
        self._change_credential(project, actor, change)
        project.git_url = change.url or project.git_url
        for name in change.model_fields_set & {"ref", "depth"}:  # null says something here
            setattr(project, f"git_{name}", getattr(change, name))
        self._uow.audit(actor, "workspace.retry", ("project", project.id), project=project.id, git_url=project.git_url)
        self._enter(project, WorkspaceState.WAITING, None)
        self._wake()
        return project

    def require_ready(self, project: Project) -> None:
        """What is in the workspace before is replaced by the clone, so nobody works in it."""
        if project.workspace_state == WorkspaceState.FAILED:
            raise Conflict(
                f"The repository of this project could not be cloned: {project.workspace_reason} "
                "Open the project to try again.",
                reason="workspace_failed",
            )
        if project.workspace_state != WorkspaceState.READY:
            # to those who wait it is one more part of the start
            raise Unavailable("The repository is being cloned.", reason="pod_starting", retry_after=2)

    # --- what the loop does --------------------------------------------------------------------------------

    async def wanted(self) -> Sequence[UUID]:
        return await self._workspaces.to_be_cloned()

    async def take_up(self, project_id: UUID) -> Clone | None:
        """None when it is not wanted any more. From here on the pod is kept running."""
        project = await self._wanted(project_id)
        if project is None or project.git_url is None:
            return None
        if project.git_credential_encrypted is not None:
            self._tell(project, None, "secret.used", purpose="clone")
        project.desired_state, project.last_used_at = DesiredState.RUNNING, self._uow.now
        self._enter(project, WorkspaceState.CLONING, project.workspace_reason)
        username, token = self._opened(project)
        return Clone(project.git_url, project.git_ref, project.git_depth, username, token)

    async def hold(self, project_id: UUID, reason: str) -> None:
        """It cannot be done now, and will be tried again."""
        project = await self._wanted(project_id)
        if project is not None:
            self._enter(project, WorkspaceState.WAITING, reason)

    async def done(self, project_id: UUID) -> None:
        project = await self._wanted(project_id)
        if project is not None:
            self.forget_credential(project, None, "cloned")
            project.last_used_at = self._uow.now
            self._end(project, WorkspaceState.READY, None)

    async def failed(self, project_id: UUID, reason: str) -> None:
        project = await self._wanted(project_id)
        if project is not None:
            self._end(project, WorkspaceState.FAILED, reason)

    async def _wanted(self, project_id: UUID) -> Project | None:
        project = await self._projects.by_id(project_id)
        if (
            project is None
            or project.desired_state == DesiredState.DELETED
            or project.workspace_state not in _UNDER_WAY
        ):
            return None
        return None if project.status == ProjectStatus.ARCHIVED else project

    def _end(self, project: Project, state: WorkspaceState, reason: str | None) -> None:
        self._uow.audit(
            None,
            "workspace.clone",
            ("project", project.id),
            project=project.id,
            failed=state == WorkspaceState.FAILED,
            git_url=project.git_url,
            git_ref=project.git_ref,
            reason=reason,
        )
        self._enter(project, state, reason)
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_PUMP)))

    def _enter(self, project: Project, state: WorkspaceState, reason: str | None) -> None:
        if (project.workspace_state, project.workspace_reason) == (state, reason):
            return
        project.workspace_state, project.workspace_reason = state, reason
        project.updated_at = self._uow.now
        self._uow.emit(
            WorkspaceChanged(project_id=project.id, timestamp=self._uow.now, state=state.value, reason=reason)
        )

    # --- the secret ----------------------------------------------------------------------------------------

    def forget_credential(self, project: Project, actor: Actor | None, reason: str) -> None:
        if project.git_credential_encrypted is not None:
            project.git_credential_encrypted = None
            self._tell(project, actor, "secret.deleted", reason=reason)

    def _keep_credential(self, project: Project, actor: Actor, username: str, token: str) -> None:
        project.git_credential_encrypted = self._sealed(project, username, token)
        if project.git_credential_encrypted is not None:
            self._tell(project, actor, "secret.set")

    def _change_credential(self, project: Project, actor: Actor, change: CloneAgain) -> None:
        if change.token is None:
            self.forget_credential(project, actor, "asked")
            return
        username, token = self._opened(project)
        if change.url and _host(change.url) != _host(project.git_url or ""):
            username, token = "", ""
            self.forget_credential(project, actor, "other_host")
        if change.token or change.username:
            self._keep_credential(project, actor, change.username or username, change.token or token)

    def _tell(self, project: Project, actor: Actor | None, action: str, **more: Any) -> None:
        self._uow.audit(actor, action, ("git_credential", project.id), project=project.id, **more)

    def _sealed(self, project: Project, username: str, token: str) -> Sealed | None:
        return self._cipher.seal(json.dumps([username, token]), place=_place(project)) if username or token else None

    def _opened(self, project: Project) -> tuple[str, str]:
        if project.git_credential_encrypted is None:
            return "", ""
        username, token = json.loads(self._cipher.open(project.git_credential_encrypted, place=_place(project)))
        return str(username), str(token)

    def _wake(self) -> None:
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_RECONCILE)))


def _place(project: Project) -> str:
    return place_of("projects", "git_credential_encrypted", project.id, project.id)


def _host(url: str) -> tuple[str, str]:
    """Where a token is sent, and how."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
