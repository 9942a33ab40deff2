"""One action for many cards: each is checked before it is touched, so a refusal leaves it as it was."""

from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound, Refusal
from opm.server.db.models import Project, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.service import ProjectService
from opm.server.features.tasks.schemas import Bulk, BulkAction, BulkRefusal, BulkResult, BulkResults
from opm.server.features.tasks.service import RESTORABLE, TaskService
from opm.server.features.tasks.states import Cause


class BulkService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService, tasks: TaskService) -> None:
        self._uow = uow
        self._projects = projects
        self._tasks = tasks

    async def change(self, actor: Actor, ref: str, bulk: Bulk) -> BulkResults:
        project = await self._projects.require(actor, ref)
        ids = list(dict.fromkeys(bulk.ids))
        since = self._uow.now - RESTORABLE if bulk.action == BulkAction.RESTORE else None
        found = await self._tasks.some(project, ids, deleted_after=since)
        return BulkResults(results=[await self._one(actor, project, each, found.get(each), bulk) for each in ids])

    async def _one(self, actor: Actor, project: Project, task_id: UUID, task: Task | None, bulk: Bulk) -> BulkResult:
        try:
            if task is None:
                raise NotFound("There is no such card in this project.", task=str(task_id), project=str(project.id))
            await self._do(actor, task, bulk)
        except Refusal as refused:
            return BulkResult(id=task_id, error=BulkRefusal(type=refused.type, message=refused.message))
        gone = bulk.action == BulkAction.DELETE
        return BulkResult(id=task_id, task=None if gone else await self._tasks.card(task_id))

    async def _do(self, actor: Actor, task: Task, bulk: Bulk) -> None:
        match bulk.action:
            case BulkAction.DELETE:
                await self._tasks.remove(task, actor)
            case BulkAction.RESTORE:
                await self._tasks.bring_back(task, actor)
            case BulkAction.UNDO:
                await self._tasks.undo_step(task, actor)
            case BulkAction.MOVE:
                assert bulk.status is not None  # noqa: S101  the schema sees to it
                await self._tasks.to_the_end(task, bulk.status, Cause.MOVE, actor)
