"""Pods by wish: people and runs say what they want here, `background/reconcile` makes it so."""

import base64
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.crypto import Cipher
from opm.server.core.errors import Conflict, NotFound, Unavailable
from opm.server.db.models import OpencodeConfig, Project
from opm.server.db.uow import UnitOfWork
from opm.server.features.configs import providers
from opm.server.features.configs.service import ConfigService
from opm.server.features.projects.schemas import (
    DesiredState,
    NewProject,
    ProjectStatus,
    ProjectSummary,
    WorkspaceState,
)
from opm.server.features.projects.service import ProjectService
from opm.server.features.tasks.schemas import NewTask
from opm.server.features.tasks.service import TaskService
from opm.server.features.workspaces import sample
from opm.server.features.workspaces.clones import CloneService
from opm.server.features.workspaces.repository import TerminalLines, WorkspaceRepository
from opm.server.features.workspaces.schemas import Wish
from opm.server.realtime.bus import WAKE_RECONCILE, Bus, Message
from opm.server.runtime.base import Observation, PodPhase, PodSpec
from opm.wire.events import PodStatus

_RECENT = timedelta(seconds=60)
_LOOK_BACK = 50


class WorkspaceService:
    def __init__(
        self,
        uow: UnitOfWork,
        projects: ProjectService,
        tasks: TaskService,
        configs: ConfigService,
        clones: CloneService,
        cipher: Cipher,
        bus: Bus,
    ) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = tasks
        self._configs = configs
        self._clones = clones
        self._cipher = cipher
        self._bus = bus
        self._workspaces = WorkspaceRepository(uow.session)
        self._terminals = TerminalLines(uow.session)

    async def create(self, actor: Actor, new: NewProject) -> ProjectSummary:
        """A project that can be tried at once: with a model, and with cards if it is the sample."""
        project = await self._projects.create(actor, new)
        if new.git:
            self._clones.wish(actor, project, new.git)
        await self._configs.start_with_demo(project, actor.user_id)
        for title, description in sample.CARDS if new.sample else ():
            await self._tasks.add(project, NewTask(title=title, description=description), actor.user_id)
        await self._uow.flush()
        return (await self._projects.summaries([project]))[0]

    async def start(self, actor: Actor, ref: str) -> Project:
        project = await self._projects.require(actor, ref, lock=True)
        self._want(project, DesiredState.RUNNING, actor)
        return project

    async def stop(self, actor: Actor, ref: str) -> Project:
        project = await self._projects.require(actor, ref, lock=True)
        if await self._workspaces.is_busy(project.id):
            raise Conflict("The agent is working in this pod; cancel its run first, then stop the pod.")
        if project.workspace_state == WorkspaceState.CLONING:
            raise Conflict("A repository is being cloned in this pod; it can be stopped when that is done.")
        self._want(project, DesiredState.STOPPED, actor)
        return project

    async def archive(self, actor: Actor, ref: str) -> ProjectSummary:
        """The pod is stopped and its volume kept; from now on the project can only be read."""
        found = await self._projects.require(actor, ref, lock=True, archived_too=True)
        if await self._workspaces.has_runs(found.id):
            raise Conflict("Runs are at work or waiting in this project; cancel them first, then archive it.")
        project = await self._projects.archive(actor, ref)
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_RECONCILE)))
        return (await self._projects.summaries([project]))[0]

    async def find(self, actor: Actor, ref: str) -> tuple[Project, bool]:
        """The project, and whether its pod is known to be in use, so that `start` need not be called again."""
        project = await self._projects.require(actor, ref)
        self._clones.require_ready(project)
        recent = project.last_used_at is not None and self._uow.now - project.last_used_at < _RECENT
        return project, recent and project.desired_state == DesiredState.RUNNING

    def file_deleted(self, actor: Actor, project: Project, path: str, *, failed: bool) -> None:
        self._uow.audit(actor, "file.delete", ("file", path), project=project.id, failed=failed)

    def terminal_opened(self, actor: Actor, project: Project, terminal: str) -> None:
        self._uow.audit(actor, "terminal.opened", ("terminal", terminal), project=project.id)

    def terminal_closed(self, actor: Actor, project: Project, terminal: str) -> None:
        self._uow.audit(actor, "terminal.closed", ("terminal", terminal), project=project.id)

    async def open_terminals(self) -> dict[UUID, set[str]]:
        """By project: those that nobody closed and that were not seen to end."""
        found: dict[UUID, set[str]] = {}
        for project_id, ref in await self._terminals.still_open():
            found.setdefault(project_id, set()).add(ref)
        return found

    async def terminals_ended(self, project_id: UUID, terminals: Collection[str], reason: str) -> None:
        """Unless somebody closed them meanwhile."""
        for project, ref in await self._terminals.still_open(terminals):
            if project == project_id:
                self._uow.audit(None, "terminal.closed", ("terminal", ref), project=project_id, reason=reason)

    async def spec(self, project_id: UUID, config_id: UUID | None = None) -> PodSpec:
        """What the pod shall be made of under one version of the configuration, or the active one."""
        project = await self._projects.by_id(project_id)
        if project is None or project.desired_state == DesiredState.DELETED:
            raise NotFound("There is no such project.")
        config = await self._configs.by_id(config_id) if config_id else await self._configs.require_active(project)
        return self._spec_of(project, config)

    async def version_of(self, project: Project, digest: str | None) -> int | None:
        """Which version of the configuration a pod was made of."""
        for config in await self._configs.newest_first(project, _LOOK_BACK) if digest else ():
            if self._spec_of(project, config).digest == digest:
                return config.version
        return None

    def pass_key(self, project_id: UUID) -> bytes:
        return self._cipher.derive("pod-pass", str(project_id))

    def _spec_of(self, project: Project, config: OpencodeConfig) -> PodSpec:
        key = self._configs.key_of(config)
        said = providers.opencode_config(
            config, has_key=key is not None, provider_timeout=self._configs.provider_timeout
        )
        password = base64.urlsafe_b64encode(self._cipher.derive("pod-opencode", str(project.id))).decode()
        return PodSpec(
            project_id=project.id,
            digest=providers.digest(said, key, config.max_tokens),
            opencode_config=said,
            answer_tokens=config.max_tokens,
            provider_key=key,
            opencode_password=password,
            pass_key=self.pass_key(project.id),
            demo_model=config.provider == providers.DEMO,
            seed_files=sample.FILES if project.sample else {},
            limits=self._projects.limits_of(project),
        )

    def _want(self, project: Project, state: DesiredState, actor: Actor) -> None:
        project.last_used_at = self._uow.now
        if project.desired_state != state:
            self._turn(project, state, actor, "asked")
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_RECONCILE)))

    def _turn(self, project: Project, state: DesiredState, actor: Actor | None, reason: str) -> None:
        project.desired_state = state
        action = "pod.start" if state == DesiredState.RUNNING else "pod.stop"
        self._uow.audit(actor, action, ("project", project.id), project=project.id, reason=reason)

    async def wishes(self, idle_stop: float) -> list[Wish]:
        """For the reconciling loop; a pod that nobody used for `idle_stop` seconds, or as its project says, is idle."""
        return [
            Wish(
                project_id=row.id,
                desired=row.desired_state,
                busy=row.busy,
                idle=self._is_idle(row.last_used_at, row.idle_stop_seconds, idle_stop),
                told=(row.pod_status, row.pod_reason),
            )
            for row in await self._workspaces.wishes()
        ]

    def _is_idle(self, last_used_at: datetime | None, own: float | None, usual: float) -> bool:
        """After so many seconds, the project's own before the usual ones; 0: never."""
        seconds = usual if own is None else own
        limit = self._uow.now - timedelta(seconds=seconds)
        return bool(seconds) and (last_used_at is None or last_used_at < limit)

    async def prompt(self, config_id: UUID, text: str, message_id: str) -> dict[str, Any]:
        """A prompt as the agent takes it, under one version of the configuration."""
        return providers.prompt(await self._configs.by_id(config_id), text, message_id)

    async def wanted(self, project_id: UUID) -> None:
        """A run needs the pod, and what it works on; its driver starts it, and nobody shall stop it."""
        project = await self._workspaces.locked(project_id)
        if project is not None:
            self._clones.require_ready(project)
        if project is not None and project.desired_state == DesiredState.STOPPED:
            self._turn(project, DesiredState.RUNNING, None, "run")
        await self.used(project_id)

    async def used(self, project_id: UUID) -> None:
        await self._workspaces.used(project_id, self._uow.now)

    async def rest(self, project_id: UUID, idle_stop: float) -> bool:
        """Whether its pod may be stopped now. An idle one is not wanted any more; the next use wants it again.

        All wishes are read at once; since then a run may have begun in this project, or somebody have used its pod.
        """
        project = await self._workspaces.locked(project_id)
        if project is None or await self._workspaces.in_use(project_id):
            return False
        idle = self._is_idle(project.last_used_at, project.idle_stop_seconds, idle_stop)
        if idle and project.desired_state == DesiredState.RUNNING:
            self._turn(project, DesiredState.STOPPED, None, "idle")
        return project.desired_state == DesiredState.STOPPED

    async def gone(self, project_id: UUID) -> None:
        """The pod and volume of a deleted project are no more; its record stays, archived."""
        project = await self._projects.by_id(project_id)
        if project is not None:
            project.status = ProjectStatus.ARCHIVED
            project.archived_at = self._uow.now
            self._clones.forget_credential(project, None, "project_deleted")
            await self._configs.project_deleted(project.id)
            project.pod_status = PodPhase.ABSENT

    async def leftovers(self, known: Collection[UUID]) -> Sequence[UUID]:
        """Of what a runtime knows, that which was deleted for good. What is unknown here is left alone: it may be
        another's, or the database a restored one."""
        return await self._workspaces.deleted_among(known) if known else []

    async def observed(self, seen: Observation) -> None:
        project = await self._projects.by_id(seen.project_id)
        if project is None or (project.pod_status, project.pod_reason) == (seen.phase, seen.reason):
            return
        project.pod_status = seen.phase
        project.pod_reason = seen.reason
        project.pod_name = seen.name or f"opm-{project.id.hex[-12:]}"
        project.pod_namespace, project.workspace_pvc_name = seen.namespace, seen.volume
        project.status = _status(ProjectStatus(project.status), seen.phase)
        self._uow.emit(
            PodStatus(project_id=project.id, timestamp=self._uow.now, status=seen.phase.value, reason=seen.reason)
        )


def _status(before: ProjectStatus, phase: PodPhase) -> ProjectStatus:
    if before == ProjectStatus.ARCHIVED:
        return before
    if phase == PodPhase.FAILED:
        return ProjectStatus.ERROR
    return ProjectStatus.READY if phase == PodPhase.RUNNING or before == ProjectStatus.READY else before


def starting(seen: Observation) -> Unavailable:
    """What a person is told who needs a pod that is not ready."""
    if seen.phase == PodPhase.FAILED:
        return Unavailable(f"The pod does not start: {seen.reason}", reason="pod_failed")
    return Unavailable("The workspace is starting; this takes a few seconds.", reason="pod_starting", retry_after=1)
