"""A unit of work tells of what happened after it is saved, in order, and of nothing that was not."""

from datetime import UTC
from uuid import uuid4

import pytest

from opm.server.core.errors import Conflict
from opm.server.db.models import AuditLog, Project, TaskEvent
from opm.server.db.uow import UnitOfWork
from opm.wire.events import BoardEvent, ProjectChanged
from tests.builders import World
from tests.contracts.rows import row_of


class Told:
    """Notes in which order things happen."""

    def __init__(self) -> None:
        self.order: list[str] = []

    async def publish(self, events: list[BoardEvent]) -> None:
        self.order.append(f"published {len(events)}")

    def ring(self) -> None:
        self.order.append("rang")


def event(world: World) -> ProjectChanged:
    return ProjectChanged(project_id=uuid4(), timestamp=world.clock.now(), change="updated")


async def test_bells_and_news_come_after_the_commit(small_world: World) -> None:
    told = Told()
    async with small_world.ports.db.session(write=True) as session:
        uow = UnitOfWork(session, small_world.clock, told.publish)
        uow.emit(event(small_world))
        uow.emit(event(small_world))
        uow.after_commit(told.ring)
        uow.audit(None, "test", ("thing", 7), size=3)
        await uow.flush()
        assert told.order == []
        assert await small_world.rows(AuditLog) == []
        await uow.commit()
    assert told.order == ["rang", "published 2"]
    (line,) = await small_world.rows(AuditLog)
    assert (line.action, line.resource_type, line.resource_id, line.details) == ("test", "thing", "7", {"size": 3})


async def test_no_news_no_publication(small_world: World) -> None:
    told = Told()
    async with small_world.ports.db.session(write=True) as session:
        await UnitOfWork(session, small_world.clock, told.publish).commit()
    assert told.order == []


async def test_a_commit_that_is_refused_tells_nothing(small_world: World) -> None:
    told = Told()
    async with small_world.ports.db.session(write=True) as session:
        uow = UnitOfWork(session, small_world.clock, told.publish)
        uow.emit(event(small_world))
        uow.after_commit(told.ring)
        session.add(row_of(Project, user_id=uuid4()))
        with pytest.raises(Conflict):
            await uow.commit()
    assert told.order == []


async def test_one_unit_has_one_moment(small_world: World) -> None:
    ann = await small_world.person("ann")
    task = await small_world.task(ann, await small_world.project(ann))
    async with small_world.ports.db.session(write=True) as session:
        uow = UnitOfWork(session, small_world.clock, Told().publish)
        began = small_world.clock.now()
        small_world.clock.pass_by(minutes=1)
        uow.note(task.id, "odd", ann.user_id, number=1)
        uow.audit(ann, "odd", ("task", task.id))
        await uow.commit()
    note, line = (await small_world.rows(TaskEvent))[-1], (await small_world.rows(AuditLog))[-1]
    assert note.created_at == line.created_at == uow.now == began
    assert note.created_at.tzinfo is UTC
    assert note.data == {"number": 1}
