"""What people do with runs: start, cancel, continue, look at."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.paging import Page, PageRequest
from opm.server.db.models import OpencodeSession, Task
from opm.server.db.people import names_of
from opm.server.db.uow import UnitOfWork
from opm.server.features.interactions.schemas import Feedback, InteractionKind
from opm.server.features.interactions.service import InteractionService
from opm.server.features.projects.service import ProjectService
from opm.server.features.sessions import schemas
from opm.server.features.sessions.news import session_changed
from opm.server.features.sessions.queue import RunQueue
from opm.server.features.sessions.repository import SessionRepository
from opm.server.features.sessions.schemas import RunStatus, Verdict
from opm.server.features.tasks import schemas as task_schemas
from opm.server.features.tasks import states
from opm.server.features.tasks.service import TaskService
from opm.server.features.tasks.states import Cause, TaskStatus
from opm.server.realtime.bus import WAKE_RECONCILE, Bus, Message, run_topic


class SessionService:
    def __init__(
        self,
        uow: UnitOfWork,
        projects: ProjectService,
        tasks: TaskService,
        queue: RunQueue,
        interactions: InteractionService,
        bus: Bus,
    ) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = tasks
        self._queue = queue
        self._interactions = interactions
        self._bus = bus
        self._sessions = SessionRepository(uow.session)

    async def marks(self, project_ids: Collection[UUID]) -> dict[UUID, str]:
        """For each project a text that differs when anything on its board does."""
        return await self._sessions.marks(project_ids)

    async def census(self) -> schemas.Census:
        """For those who watch over the installation."""
        runs, oldest = await self._sessions.census()
        waited = (await self._uow.database_now() - oldest).total_seconds() if oldest else 0.0
        return schemas.Census(runs, max(waited, 0.0))

    async def execute(self, actor: Actor, ref: str, task_id: UUID) -> schemas.Session:
        """Give the card to the agent; it waits in the project's queue until the run before it has ended."""
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, Cause.EXECUTE)
        prompt = _prompt(task)
        run = await self._queue.add(task, Cause.EXECUTE, prompt, actor=actor)
        await self._interactions.said(task, run, actor, InteractionKind.PROMPT, prompt)
        return (await self._shown([run]))[0]

    async def feedback(self, actor: Actor, ref: str, task_id: UUID, said: Feedback) -> schemas.Session:
        """Continue the conversation that the card's last run had with the agent.

        While a run is at work the message is queued behind it; that run is answered with. Otherwise what was queued
        and never sent goes first, in the same prompt.
        """
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        if task.status == TaskStatus.IN_PROGRESS:
            at_work = await self._sessions.active_in(task.id)
            if at_work is None:
                raise Conflict("The run of this card is just ending; send the message again.")
            await self._interactions.queue(task, actor, said.message)
            return (await self._shown([at_work]))[0]
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, Cause.FEEDBACK)
        await self._interactions.queue(task, actor, said.message)
        return await self._send_queued(actor, task)

    async def send_queued(self, actor: Actor, ref: str, task_id: UUID) -> schemas.Session:
        """What was queued behind a run that failed or was cancelled, sent after all."""
        task = await self._tasks.require(actor, ref, task_id, lock=True)
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, Cause.FEEDBACK)
        return await self._send_queued(actor, task)

    async def _send_queued(self, actor: Actor, task: Task) -> schemas.Session:
        queued = await self._interactions.queued(task.id)
        if not queued:
            raise Conflict("No message waits to be sent on this card.")
        before = await self._sessions.previous(task.id)
        messages = [row.user_prompt or "" for row in queued]
        prompt = "\n\n".join(messages if before else [_prompt(task), *messages])
        run = await self._queue.add(task, Cause.FEEDBACK, prompt, actor=actor)
        run.remote_session_id = before.remote_session_id if before else None
        self._interactions.sent(task, queued, run.id)
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

    async def rerun(
        self, actor: Actor, ref: str, session_id: UUID, config: Literal["same", "active"]
    ) -> schemas.Session:
        """Give the agent the prompt of an earlier run again, in a new conversation."""
        before = await self._require(actor, ref, session_id)
        task = await self._tasks.require(actor, ref, before.task_id, lock=True)
        cause = Cause.EXECUTE if task.status == TaskStatus.TODO else Cause.FEEDBACK
        states.check(TaskStatus(task.status), TaskStatus.IN_PROGRESS, cause)
        pinned = before.config_id if config == "same" else None
        run = await self._queue.add(task, cause, before.prompt, actor=actor, again=before, config_id=pinned)
        await self._interactions.said(task, run, actor, InteractionKind.PROMPT, before.prompt)
        return (await self._shown([run]))[0]

    async def delete(self, actor: Actor, ref: str, session_id: UUID) -> None:
        """An ended run with its output and exchange; the card then shows the run before it."""
        found = await self._require(actor, ref, session_id)
        task = await self._tasks.require(actor, ref, found.task_id, lock=True)
        run = await self._sessions.locked(found.id)
        if run is None:
            raise NotFound("There is no such run in this project.", session=str(session_id))
        if run.execution_end_at is None:
            raise Conflict("This run is not over; cancel it first.", status=run.status)
        self._uow.audit(actor, "run.delete", ("session", run.id), project=run.project_id)
        self._uow.note(task.id, "run_deleted", actor.user_id, session=str(run.id))
        self._uow.emit(session_changed(run, self._uow.now))
        await self._sessions.delete(run)
        await self._uow.flush()
        if task.current_session_id == run.id:
            newest = await self._sessions.newest(task.id)
            task.current_session_id = newest.id if newest else None
            task.opencode_output = newest.final_output if newest else None
            task.execution_duration_ms = None

    async def of_project(
        self, actor: Actor, ref: str, request: PageRequest, wanted: schemas.SessionFilter
    ) -> Page[schemas.Session]:
        project = await self._projects.require(actor, ref)
        page = await self._sessions.page(self._sessions.narrowed(project.id, wanted), request)
        return Page(items=await self._shown(page.items), next_cursor=page.next_cursor)

    async def get(self, actor: Actor, ref: str, session_id: UUID) -> schemas.Session:
        return (await self._shown([await self._require(actor, ref, session_id)]))[0]

    async def _require(self, actor: Actor, ref: str, session_id: UUID) -> OpencodeSession:
        project = await self._projects.require(actor, ref)
        run = await self._sessions.seen(project.id, session_id)
        if run is None:
            raise NotFound("There is no such run in this project.", session=str(session_id))
        return run

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

    async def _shown(self, runs: Sequence[OpencodeSession]) -> list[schemas.Session]:
        versions = await self._sessions.versions([run.config_id for run in runs])
        queued = [run.id for run in runs if run.status == RunStatus.QUEUED]
        waiting = await self._tasks.waiting(queued) if queued else {}
        titles = await self._sessions.titles([run.task_id for run in runs])
        names = await names_of(self._uow.session, (run.created_by for run in runs))
        shown: list[schemas.Session] = []
        for run in runs:
            columns = {name: getattr(run, name) for name in schemas.Session.model_fields if hasattr(run, name)}
            place, waits_for = waiting.get(run.id, (None, None))
            found = {
                "config_version": versions[run.config_id],
                "queue_position": place,
                "waits_for": waits_for,
                "task_title": titles[run.task_id],
                "created_by_name": names.get(run.created_by),
            }
            shown.append(schemas.Session.model_validate({**columns, **found}))
        return shown


def _prompt(task: Task) -> str:
    parts = [f"# {task.title}"]
    if task.description.strip():
        parts.append(task.description.strip())
    if task.file_references:
        parts.append("Files this is about:\n" + "\n".join(f"- {path}" for path in task.file_references))
    return "\n\n".join(parts)
