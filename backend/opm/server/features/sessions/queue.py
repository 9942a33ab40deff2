"""Putting a run at the end of its project's queue, in the unit of work that moves the card."""

from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound
from opm.server.core.ids import new_id
from opm.server.db.models import OpencodeSession, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.configs.service import ConfigService, require_key
from opm.server.features.projects.schemas import DesiredState
from opm.server.features.projects.service import ProjectService
from opm.server.features.sessions.messages import new_message_id
from opm.server.features.sessions.news import session_changed
from opm.server.features.sessions.repository import SessionRepository
from opm.server.features.sessions.schemas import RunStatus
from opm.server.features.tasks.service import TaskService
from opm.server.features.tasks.states import Cause, TaskStatus
from opm.server.realtime.bus import WAKE_PUMP, Bus, Message


class RunQueue:
    def __init__(
        self, uow: UnitOfWork, projects: ProjectService, tasks: TaskService, configs: ConfigService, bus: Bus
    ) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = tasks
        self._configs = configs
        self._bus = bus
        self._sessions = SessionRepository(uow.session)

    async def takes(self, project_id: UUID) -> bool:
        """Whether a run may be added: the project is to stay, and it has a model to run with."""
        project = await self._projects.by_id(project_id)
        if project is None or project.desired_state == DesiredState.DELETED:
            return False
        return await self._configs.serves(project)

    async def add(
        self,
        task: Task,
        cause: Cause,
        prompt: str,
        *,
        actor: Actor | None = None,
        by: UUID | None = None,
        again: OpencodeSession | None = None,
        config_id: UUID | None = None,
    ) -> OpencodeSession:
        """With the active configuration unless one is named. Without an `actor` the pump goes on, for `by`."""
        project = await self._projects.by_id(task.project_id)
        if project is None:
            raise NotFound("There is no such project.")
        config = await (self._configs.by_id(config_id) if config_id else self._configs.require_active(project))
        require_key(config)
        run = OpencodeSession(
            id=new_id(),
            project_id=task.project_id,
            task_id=task.id,
            config_id=config.id,
            created_by=actor.user_id if actor else by,
            kind=Cause.EXECUTE if again else cause,
            rerun_of=again.id if again else None,
            status=RunStatus.QUEUED,
            prompt=prompt,
            message_id=new_message_id(self._uow.now),
            tokens={},
            cost=0.0,
            fence=0,
            last_seq=0,
            created_at=self._uow.now,
        )
        self._sessions.add(run)
        task.current_session_id = run.id
        self._tasks.advance(task, TaskStatus.IN_PROGRESS, cause, run.created_by)
        await self._uow.flush()
        who = actor or (Actor(user_id=by) if by else None)
        self._uow.audit(who, "run.start", ("session", run.id), project=task.project_id, kind=run.kind)
        self._uow.emit(session_changed(run, self._uow.now))
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_PUMP)))
        return run
