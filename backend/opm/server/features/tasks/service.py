"""Cards: making, editing, ordering, and every change of column."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound, Stale
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.core.settings import LimitSettings
from opm.server.db.models import Project, Task, TaskEvent
from opm.server.db.people import names_of
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.service import ProjectService
from opm.server.features.tasks import order, schemas, states
from opm.server.features.tasks.repository import TaskEventRepository, TaskRepository
from opm.server.features.tasks.states import Cause, TaskStatus
from opm.wire.events import TaskChanged, TaskStatusChanged

RESTORABLE = timedelta(days=30)


class TaskService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService, limits: LimitSettings) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = TaskRepository(uow.session)
        self._limits = limits
        self._events = TaskEventRepository(uow.session)

    async def require(self, actor: Actor, ref: str, task_id: UUID, *, lock: bool = False) -> Task:
        project = await self._projects.require(actor, ref)
        task = await self._tasks.of(project.id, task_id, lock=lock)
        if task is None:
            raise NotFound("There is no such card in this project.", task=str(task_id))
        return task

    async def locked(self, task_id: UUID) -> Task | None:
        """For the pump, which acts for nobody."""
        return await self._tasks.locked(task_id)

    async def waiting(self, runs: Sequence[UUID]) -> dict[UUID, tuple[int, str | None]]:
        """Of every run that is queued, its place in its project's queue (1 is next), and what it waits for."""
        return await self._tasks.waiting(runs, self._limits)

    async def title(self, task_id: UUID) -> str:
        task = await self._tasks.get(task_id)
        return task.title if task else ""

    async def board(
        self, actor: Actor, ref: str, request: PageRequest, wanted: schemas.TaskFilter | None = None
    ) -> dict[str, Any]:
        """A `Page[Task]` as plain values: the hottest list is not built twice."""
        project = await self._projects.require(actor, ref)
        cards, cursor = await self._tasks.cards(project.id, request, wanted or schemas.TaskFilter(), self._limits)
        return {"items": cards, "next_cursor": cursor}

    async def card(self, task_id: UUID) -> schemas.Task:
        """The card as boards show it, with all that this unit of work changed."""
        await self._uow.flush()
        card = await self._tasks.card(task_id, self._limits)
        if card is None:
            raise NotFound("This card was deleted.", task=str(task_id))
        return schemas.Task.model_validate(card)

    async def get(self, actor: Actor, ref: str, task_id: UUID) -> schemas.Task:
        return await self.card((await self.require(actor, ref, task_id)).id)

    async def create(self, actor: Actor, ref: str, new: schemas.NewTask) -> schemas.Task:
        task = await self.add(await self._projects.require(actor, ref), new, actor.user_id)
        return await self.card(task.id)

    async def add(self, project: Project, new: schemas.NewTask, by: UUID | None) -> Task:
        rank = order.between(await self._tasks.last_rank(project.id), None)
        assert rank is not None  # noqa: S101  behind the last there is always room
        task = Task(
            id=new_id(),
            project_id=project.id,
            title=new.title,
            description=new.description,
            status=TaskStatus.TODO,
            rank=rank,
            file_references=new.file_references,
            created_by=by,
            created_at=self._uow.now,
            updated_at=self._uow.now,
        )
        self._tasks.add(task)
        await self._uow.flush()
        self._uow.note(task.id, "created", by)
        self._announce(task, "created")
        return task

    async def patch(
        self, actor: Actor, ref: str, task_id: UUID, patch: schemas.TaskPatch, version: int | None
    ) -> schemas.Task:
        task = await self.require(actor, ref, task_id, lock=True)
        _check_version(task, version)
        changed = patch.model_dump(exclude_none=True)
        for name, value in changed.items():
            setattr(task, name, value)
        task.updated_at = self._uow.now
        await self._uow.flush()
        self._uow.note(task.id, "edited", actor.user_id, fields=sorted(changed))
        self._announce(task, "updated")
        return await self.card(task.id)

    async def delete(self, actor: Actor, ref: str, task_id: UUID) -> None:
        """Out of sight at once; it can be restored until the reaper takes it."""
        await self.remove(await self.require(actor, ref, task_id, lock=True), actor)

    async def remove(self, task: Task, actor: Actor) -> None:
        if task.status == TaskStatus.IN_PROGRESS:
            raise Conflict("The agent works on this card; cancel the run first, then delete.")
        task.deleted_at = self._uow.now
        self._uow.audit(actor, "task.delete", ("task", task.id), project=task.project_id)
        self._uow.note(task.id, "deleted", actor.user_id)
        await self._uow.flush()
        self._announce(task, "deleted")

    async def deleted(self, actor: Actor, ref: str, request: PageRequest) -> Page[schemas.DeletedTask]:
        """What can still be restored, the last deleted first."""
        project = await self._projects.require(actor, ref)
        cards, cursor = await self._tasks.deleted(project.id, request, self._uow.now - RESTORABLE)
        return Page(items=[schemas.DeletedTask.model_validate(card) for card in cards], next_cursor=cursor)

    async def bring_back(self, task: Task, actor: Actor) -> None:
        """A deleted card stands on the board again, where it stood."""
        task.deleted_at = None
        self._uow.audit(actor, "task.restore", ("task", task.id), project=task.project_id)
        self._uow.note(task.id, "restored", actor.user_id)
        await self._uow.flush()
        self._announce(task, "created")

    async def to_the_end(self, task: Task, target: TaskStatus, cause: Cause, actor: Actor) -> None:
        """Into another column, below all that stands there."""
        states.check(TaskStatus(task.status), target, cause)
        rank = order.between(await self._tasks.last_rank(task.project_id), None)
        assert rank is not None  # noqa: S101  behind the last there is always room
        before, task.rank = task.rank, rank
        self.advance(task, target, cause, actor.user_id, old_rank=before)
        await self._uow.flush()

    async def undo_step(self, task: Task, actor: Actor) -> None:
        """Back to where a human took the card from, also among its neighbours, if nothing else moved it since."""
        step = await self._events.last_step(task.id)
        if step is None or step.data.get("cause") != Cause.MOVE or step.data.get("new") != task.status:
            raise Conflict("The last change of this card was not a move that can be undone.")
        target, rank = TaskStatus(step.data["old"]), step.data.get("old_rank")
        if rank is None:  # the step was written down before ranks were
            await self.to_the_end(task, target, Cause.UNDO, actor)
            return
        states.check(TaskStatus(task.status), target, Cause.UNDO)
        await self._put_back(task, target, rank)
        self.advance(task, target, Cause.UNDO, actor.user_id)
        await self._uow.flush()

    async def some(
        self, project: Project, ids: list[UUID], *, deleted_after: datetime | None = None
    ) -> dict[UUID, Task]:
        return await self._tasks.some(project.id, ids, deleted_after=deleted_after)

    async def purge(self) -> None:
        """Deleted cards whose time to be restored is over, with all that hangs on them."""
        await self._tasks.purge(self._uow.now - RESTORABLE)

    async def move(self, actor: Actor, ref: str, task_id: UUID, move: schemas.MoveTask) -> schemas.Task:
        """To another column or another place in its own."""
        task = await self.require(actor, ref, task_id, lock=True)
        same_column = task.status == move.status
        if not same_column:
            states.check(TaskStatus(task.status), move.status, Cause.MOVE)
        before = task.rank
        await self._place(task, move)
        if not same_column:
            self.advance(task, move.status, Cause.MOVE, actor.user_id, old_rank=before)
        await self._uow.flush()
        if same_column:
            self._announce(task, "moved")
        return await self.card(task.id)

    def advance(self, task: Task, target: TaskStatus, cause: Cause, by: UUID | None, **data: object) -> None:
        """Put a card into another column for a reason; refuses a step that the state machine does not know.

        The last change of a card in its unit of work, with no query after it: then the version told is the one saved.
        """
        source = TaskStatus(task.status)
        states.check(source, target, cause)
        task.status = target
        task.updated_at = self._uow.now
        self._uow.note(task.id, "status_changed", by, old=source, new=target, cause=cause, **data)
        self._uow.emit(
            TaskStatusChanged(
                project_id=task.project_id,
                timestamp=self._uow.now,
                task_id=task.id,
                old_status=source,
                new_status=target,
                version=task.version + 1,
            )
        )

    async def _place(self, task: Task, move: schemas.MoveTask) -> None:
        column = await self._tasks.neighbours(task.project_id, move.status, task.id)
        at = _slot([i for i, _ in column], move.after, move.before)
        ranks: list[str | None] = [None, *(rank for _, rank in column), None]
        rank = order.between(ranks[at], ranks[at + 1])
        if rank is not None:
            task.rank = rank
            return
        await self._spread(task, move.status, at)

    async def _put_back(self, task: Task, target: TaskStatus, rank: str) -> None:
        """Where it stood; beside whoever has that place now."""
        column = [other for _, other in await self._tasks.neighbours(task.project_id, target, task.id)]
        if rank in column:
            await self._spread(task, target, column.index(rank))
        else:
            task.rank = rank

    async def _spread(self, task: Task, status: TaskStatus, at: int) -> None:
        """Fresh ranks for a column without room, with the card at that place."""
        others = [t for t in await self._tasks.column(task.project_id, status) if t.id != task.id]
        others.insert(at, task)
        for each, fresh in zip(others, order.spread(len(others)), strict=True):
            each.rank = fresh

    def _announce(self, task: Task, change: str) -> None:
        event = {"projectId": task.project_id, "timestamp": self._uow.now, "taskId": task.id, "change": change}
        self._uow.emit(TaskChanged.model_validate({**event, "version": task.version}))

    async def history(self, actor: Actor, ref: str, task_id: UUID, request: PageRequest) -> Page[schemas.TaskEvent]:
        task = await self.require(actor, ref, task_id)
        query = self._events.about(task.id)
        page = await self._events.page(query, request)
        names = await names_of(self._uow.session, (row.actor_user_id for row in page.items))
        items = [_event(row, names.get(row.actor_user_id)) for row in page.items]
        return Page(items=items, next_cursor=page.next_cursor)


def _event(row: TaskEvent, actor_name: str | None) -> schemas.TaskEvent:
    return schemas.TaskEvent(
        id=row.id,
        task_id=row.task_id,
        event_type=row.event_type,
        actor_user_id=row.actor_user_id,
        actor_name=actor_name,
        metadata=row.data,
        created_at=row.created_at,
    )


def _check_version(task: Task, version: int | None) -> None:
    if version is not None and version != task.version:
        raise Stale(
            "Somebody changed this card while you edited it; compare and save again.",
            version=task.version,
            current={name: getattr(task, name) for name in ("title", "description", "file_references")},
        )


def _slot(column: list[UUID], after: UUID | None, before: UUID | None) -> int:
    """The index in `column` before which the card goes."""
    gone = Stale("The neighbouring card is not in that column any more; look at the board again.")
    if after is not None:
        if after not in column:
            raise gone
        return column.index(after) + 1
    if before is not None:
        if before not in column:
            raise gone
        return column.index(before)
    return len(column)
