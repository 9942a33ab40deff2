"""What both databases promise about units of work: alone while writing, whole or not at all, saved before told."""

import asyncio
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text
from starlette.types import Message, Receive, Scope, Send

from opm.server.core.errors import Conflict, Stale, Unavailable
from opm.server.db.engine import Database
from opm.server.db.models import OpencodeSession, Project, SessionEvent, Task
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.schemas import NewProject, ProjectPatch
from opm.server.features.sessions.runs import Claim
from opm.server.features.tasks.schemas import NewTask
from opm.server.wiring import Scope as Services
from opm.wire.events import Output
from tests.builders import ORIGIN, World

# a child row that points nowhere is let in and found at commit: what the services did was right until then
REFUSE_AT_COMMIT = {
    True: (
        "CREATE TABLE trap (parent INTEGER REFERENCES trap_parent (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TABLE trap_parent (id INTEGER PRIMARY KEY)",
        "CREATE TRIGGER spring AFTER INSERT ON projects BEGIN INSERT INTO trap VALUES (1); END",
    ),
    False: (
        "CREATE TABLE trap_parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE trap (parent INTEGER REFERENCES trap_parent (id) DEFERRABLE INITIALLY DEFERRED)",
        """CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO trap VALUES (1); RETURN NULL; END $$""",
        "CREATE TRIGGER spring AFTER INSERT ON projects EXECUTE FUNCTION spring()",
    ),
}


async def set_trap(database: Database) -> None:
    def make(connection: Any) -> None:
        for statement in REFUSE_AT_COMMIT[database.sqlite]:
            connection.exec_driver_sql(statement)

    await database.run_sync(make)


async def count(database: Database, model: Any) -> int:
    async with database.session(write=False) as session:
        return (await session.execute(select(func.count()).select_from(model))).scalar_one()


async def test_what_raises_leaves_nothing(world: World) -> None:
    ann = await world.person("ann")

    async def break_off(scope: Services) -> None:
        await scope.workspaces.create(ann, NewProject(name="Gone"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await world.do(break_off)
    assert await count(world.ports.db, Project) == 0
    assert world.announced() == []


async def test_a_reader_saves_nothing(world: World) -> None:
    ann = await world.person("ann")
    async with world.ports.scope(write=False) as scope:
        await scope.workspaces.create(ann, NewProject(name="Gone"))
    assert await count(world.ports.db, Project) == 0
    assert world.announced() == []


async def test_what_fails_to_be_saved_is_not_answered_as_done(world: World) -> None:
    """The answer's head must not be out before the commit has said yes."""
    ann = await world.person("ann")
    await set_trap(world.ports.db)
    app = world.app()
    heads: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                heads.append(message["status"])
            await send(message)

        await app(scope, receive, watch)

    transport = httpx.ASGITransport(watched)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=world.bearer(ann)) as client:
        answer = await client.post("/api/projects", json={"name": "Lost"})
    assert heads == [500]
    assert answer.json()["error"]["type"] == "INTERNAL_ERROR"
    assert "trap" not in answer.text
    assert await count(world.ports.db, Project) == 0
    assert world.announced() == []


async def test_writers_do_not_see_each_other_half_way(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    wrote, read = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with world.ports.scope() as scope:
            await scope.projects.patch(ann, project.slug, ProjectPatch(name="New"))
            await scope.tasks.create(ann, project.slug, NewTask(title="Half"))
            wrote.set()
            await read.wait()

    async def look() -> tuple[str, int]:
        async with world.ports.scope(write=False) as scope:
            seen = await scope.projects.summary(ann, project.slug)
            return seen.name, sum(seen.task_counts.values())

    writing = asyncio.create_task(write())
    await wrote.wait()
    # a writer at work does not hold up a reader, who sees what was before
    assert await asyncio.wait_for(look(), 2) == ("Tea timer", 0)
    read.set()
    await writing
    assert await look() == ("New", 1)


async def test_a_reader_does_not_hold_up_a_writer(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    async with world.ports.scope(write=False) as scope:
        assert (await scope.projects.summary(ann, project.slug)).name == "Tea timer"
        await asyncio.wait_for(
            world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(name="New"))), timeout=2
        )
    assert (await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)).name == "New"


async def test_writers_of_one_row_take_turns(world: World) -> None:
    """Each reads what the one before wrote: no update is lost."""
    ann = await world.person("ann")
    project = await world.project(ann)

    async def add_letter() -> None:
        async with world.ports.scope() as scope:
            found = await scope.projects.require(ann, project.slug, lock=True)
            await asyncio.sleep(0.002)
            await scope.projects.patch(ann, project.slug, ProjectPatch(description=found.description + "x"))

    await asyncio.gather(*(add_letter() for _ in range(12)))
    seen = await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)
    assert seen.description == "x" * 12


async def test_a_row_that_was_changed_meanwhile_is_stale(world: World) -> None:
    ann = await world.person("ann")
    task = await world.task(ann, await world.project(ann))

    async def edit(scope: Services) -> None:
        row = await scope.tasks.locked(task.id)
        assert row is not None
        await scope.tasks._uow.session.execute(text("UPDATE tasks SET version = version + 1"))
        row.title = "Mine"

    with pytest.raises(Stale):
        await world.do(edit)
    assert (await world.rows(Task))[0].title == "Brew"


async def test_collisions_found_by_the_database_are_conflicts(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)

    async def copy(scope: Services) -> None:
        row = vars(await scope.projects.require(ann, project.slug))
        twin = {key: row[key] for key in row if not key.startswith("_")} | {"id": uuid4()}
        scope.projects._projects.add(Project(**twin))

    with pytest.raises(Conflict):
        await world.do(copy)
    assert await count(world.ports.db, Project) == 1


async def test_many_writers_number_one_output_without_gaps(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    claim = await world.working(ann, project, (await world.task(ann, project)).id)

    async def write(writer: int) -> list[int]:
        return [await _append(world, claim, f"{writer}.{n} ", pieces=1 + n % 3) for n in range(20)]

    ends = await asyncio.gather(*(write(writer) for writer in range(8)))
    rows = await world.rows(SessionEvent)
    total = 8 * sum(1 + n % 3 for n in range(20))
    assert [row.seq for row in rows] == list(range(1, total + 1))
    assert len({end for own in ends for end in own}) == 160
    assert all(own == sorted(own) for own in ends)
    assert (await world.rows(OpencodeSession))[0].last_seq == total
    # one batch stands together
    said = [row.data["data"] for row in rows]
    assert sum(before == after for before, after in pairwise(said)) == total - 160


async def _append(world: World, claim: Claim, words: str, pieces: int) -> int:
    events = [Output(data=words, part_id="p")] * pieces
    return await world.do(lambda s: s.runs.append(claim, events))


async def test_a_database_that_is_not_there_is_said_to_be_so() -> None:
    gone = Database.at("postgresql+asyncpg://nobody@127.0.0.1:1/none", pool_timeout=1)
    with pytest.raises(Unavailable) as caught:
        await gone.ping()
    assert "127.0.0.1" not in str(caught.value)
    await gone.close()


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
async def test_a_writer_that_ends_early_frees_its_turn(world: World, ends: str) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    started = asyncio.Event()

    async def write() -> None:
        async with world.ports.scope() as scope:
            await scope.projects.patch(ann, project.slug, ProjectPatch(name="Never"))
            started.set()
            await asyncio.sleep(60 if ends == "cancelled" else 0)
            raise ZeroDivisionError

    task = asyncio.create_task(write())
    await started.wait()
    if ends == "cancelled":
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(name="Next"))), 2)
    assert await _name(world, project.id) == "Next"


async def _name(world: World, project_id: UUID) -> str:
    project = await world.do(lambda s: s.projects.by_id(project_id), write=False)
    assert project is not None
    return project.name


async def test_when_nobody_knows_whether_it_was_saved_everybody_looks(world: World) -> None:
    """The connection breaks between the last statement and the answer to the commit."""
    if world.ports.db.sqlite:
        return  # it answers in this process
    told = asyncio.Event()

    async def look() -> None:
        told.set()

    world.bus.on_gap(look)
    with pytest.raises(Unavailable):
        await _cut_off(world)
    await asyncio.wait_for(told.wait(), 2)


async def _cut_off(world: World) -> None:
    async with world.ports.db.session(write=True) as session:
        uow = UnitOfWork(session, world.clock, world.ports.publish, in_doubt=world.bus.doubt)
        mine = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with world.ports.db.session(write=True) as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        await uow.commit()
