"""What people do with runs: start, cancel, continue, look at."""

from collections.abc import Sequence
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.db.models import OpencodeSession, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.configs.service import ConfigService
from opm.server.features.interactions.schemas import Feedback, InteractionKind
from opm.server.features.interactions.service import InteractionService
from opm.server.features.projects.service import ProjectService
from opm.server.features.sessions import schemas
from opm.server.features.sessions.messages import new_message_id
from opm.server.features.sessions.news import session_changed
from opm.server.features.sessions.repository import SessionRepository
from opm.server.features.sessions.schemas import RunStatus, Verdict
from opm.server.features.tasks import schemas as task_schemas
from opm.server.features.tasks import states
from opm.server.features.tasks.service import TaskService
from opm.server.features.tasks.states import Cause, TaskStatus
from opm.server.realtime.bus import WAKE_PUMP, WAKE_RECONCILE, Bus, Message, run_topic


class SessionService:
    def __init__(
        self,
        uow: UnitOfWork,
        projects: ProjectService,
        tasks: TaskService,
        configs: ConfigService,
        interactions: InteractionService,
        bus: Bus,
    ) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = tasks
        self._configs = configs
        self._interactions = interactions
        self._bus = bus
        self._sessions = SessionRepository(uow.session)

    async def execute(self, actor: Actor, ref: str, task_id: UUID) -> schemas.Session:
        """Give the card to the agent; it waits in the project's queue until the run before it has ended."""
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, Cause.EXECUTE)
        prompt = _prompt(task)
        run = await self._enqueue(actor, task, Cause.EXECUTE, prompt)
        await self._interactions.said(task, run, actor, InteractionKind.PROMPT, prompt)
        return (await self._shown([run]))[0]

    async def feedback(self, actor: Actor, ref: str, task_id: UUID, said: Feedback) -> schemas.Session:
        """Continue the conversation that the card's last run had with the agent."""
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        if task.status == TaskStatus.IN_PROGRESS:
            raise Conflict("The agent is working on this card; wait for it to finish, or cancel, then send feedback.")
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, Cause.FEEDBACK)
        before = await self._sessions.previous(task.id)
        prompt = said.message if before else f"{_prompt(task)}\n\n{said.message}"
        run = await self._enqueue(actor, task, Cause.FEEDBACK, prompt)
        run.remote_session_id = before.remote_session_id if before else None
        await self._interactions.said(task, run, actor, InteractionKind.FEEDBACK, said.message)
        return (await self._shown([run]))[0]

    async def cancel(self, actor: Actor, ref: str, task_id: UUID) -> task_schemas.Task:
        """Queued: taken out at once. Working: the agent is stopped, and the card follows when it has."""
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        run = await self._sessions.active_in(task.id)
        if run is None:
            raise Conflict("Nothing runs on this card.", status=task.status)
        self._uow.note(task.id, "cancel_requested", actor.user_id, session=str(run.id))
        self._uow.audit(actor, "run.cancel", ("session", run.id), project=task.project_id)
        if run.status == RunStatus.QUEUED:
            run.status = RunStatus.CANCELLED
            run.verdict = Verdict.CANCELLED
            run.exit_code = 130
            run.execution_end_at = self._uow.now
            await self._interactions.closed(run.id, None)
            self._tasks.advance(task, TaskStatus.TODO, Cause.CANCEL, actor.user_id)
            self._uow.emit(session_changed(run, self._uow.now))
        elif run.cancel_requested_at is None:
            run.cancel_requested_at = self._uow.now
            session_id = run.id
            self._uow.after_commit(lambda: self._bus.post(Message(run_topic(session_id))))
        return await self._tasks.card(task.id)

    async def delete_project(self, actor: Actor, ref: str) -> None:
        """Its queue is emptied and its runs are told to stop before the pod is taken away."""
        project = await self._projects.delete(actor, ref)
        for run in await self._sessions.unfinished(project.id):
            run.cancel_requested_at = self._uow.now
            if run.status == RunStatus.QUEUED:
                run.status = RunStatus.CANCELLED
                run.verdict = Verdict.CANCELLED
            topic = run_topic(run.id)
            self._uow.after_commit(lambda topic=topic: self._bus.post(Message(topic)))
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_RECONCILE)))

    async def of_task(self, actor: Actor, ref: str, task_id: UUID, request: PageRequest) -> Page[schemas.Session]:
        task = await self._tasks.require(actor, ref, task_id)
        page = await self._sessions.page(self._sessions.of_task(task.id), request)
        return Page(items=await self._shown(page.items), next_cursor=page.next_cursor)

    async def of_project(self, actor: Actor, ref: str, request: PageRequest) -> Page[schemas.Session]:
        project = await self._projects.require(actor, ref)
        page = await self._sessions.page(self._sessions.of_project(project.id), request)
        return Page(items=await self._shown(page.items), next_cursor=page.next_cursor)

    async def get(self, actor: Actor, ref: str, session_id: UUID) -> schemas.Session:
        project = await self._projects.require(actor, ref)
        run = await self._sessions.get(session_id)
        if run is None or run.project_id != project.id:
            raise NotFound("There is no such run in this project.", session=str(session_id))
        return (await self._shown([run]))[0]

    async def chosen(self, actor: Actor, ref: str, task_id: UUID, session_id: UUID | None) -> OpencodeSession | None:
        """The run of a card that was named, or its newest; None if it never ran."""
        task = await self._tasks.require(actor, ref, task_id)
        wanted = session_id or task.current_session_id
        if wanted is None:
            return None
        run = await self._sessions.get(wanted)
        if run is None or run.task_id != task.id:
            raise NotFound("There is no such run of this card.", session=str(wanted))
        return run

    async def _enqueue(self, actor: Actor, task: Task, cause: Cause, prompt: str) -> OpencodeSession:
        project = await self._projects.require(actor, task.project_id)
        config = await self._configs.require_active(project)
        run = OpencodeSession(
            id=new_id(),
            project_id=task.project_id,
            task_id=task.id,
            config_id=config.id,
            created_by=actor.user_id,
            kind=cause,
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
        self._tasks.advance(task, TaskStatus.IN_PROGRESS, cause, actor.user_id)
        await self._uow.flush()
        self._uow.audit(actor, "run.start", ("session", run.id), project=task.project_id, kind=cause)
        self._uow.emit(session_changed(run, self._uow.now))
        self._uow.after_commit(lambda: self._bus.post(Message(WAKE_PUMP)))
        return run

    async def _shown(self, runs: Sequence[OpencodeSession]) -> list[schemas.Session]:
        versions = await self._sessions.versions([run.config_id for run in runs])
        queued = {run.project_id for run in runs if run.status == RunStatus.QUEUED}
        places = await self._sessions.positions(list(queued)) if queued else {}
        return [_shown(run, versions[run.config_id], places.get(run.id)) for run in runs]


def _shown(run: OpencodeSession, version: int, place: int | None) -> schemas.Session:
    columns = {name: getattr(run, name) for name in schemas.Session.model_fields if hasattr(run, name)}
    return schemas.Session.model_validate({**columns, "config_version": version, "queue_position": place})


def _prompt(task: Task) -> str:
    parts = [f"# {task.title}"]
    if task.description.strip():
        parts.append(task.description.strip())
    if task.file_references:
        parts.append("Files this is about:\n" + "\n".join(f"- {path}" for path in task.file_references))
    return "\n\n".join(parts)
