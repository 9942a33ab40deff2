"""Who goes next: quotas of people and of the server, in fair turns, whoever claims."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from opm.server.core.actor import Actor
from opm.server.core.settings import LimitSettings
from opm.server.db.engine import Database
from opm.server.db.models import OpencodeSession
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.fairness import fair
from opm.server.features.sessions.runs import Claim
from tests.builders import World

ADA, BOB, EVE = (UUID(int=n) for n in (1, 2, 3))


def runs(*owners: UUID) -> list[tuple[UUID, UUID]]:
    """Numbered from the oldest."""
    return [(UUID(int=number), owner) for number, owner in enumerate(owners)]


def chosen(waiting: list[tuple[UUID, UUID]], at_work: dict[UUID, int], per_user: int, room: int) -> list[int]:
    return [run.int for run in fair(waiting, at_work, per_user, room)]


def test_users_take_turns_and_the_oldest_goes_first() -> None:
    waiting = runs(ADA, ADA, ADA, BOB, EVE)
    assert chosen(waiting, {}, 4, 10) == [0, 3, 4, 1, 2]
    assert chosen(waiting, {}, 4, 2) == [0, 3]
    assert chosen(waiting, {ADA: 1}, 4, 2) == [3, 4]
    assert chosen(waiting, {BOB: 3, EVE: 1}, 4, 3) == [0, 1, 4]


def test_nobody_gets_more_than_the_share() -> None:
    waiting = runs(ADA, ADA, ADA, BOB)
    assert chosen(waiting, {}, 2, 10) == [0, 3, 1]
    assert chosen(waiting, {ADA: 2}, 2, 10) == [3]
    assert chosen(waiting, {ADA: 7, BOB: 2}, 2, 10) == []


@given(
    st.lists(st.integers(1, 6).map(lambda n: UUID(int=n)), max_size=40),
    st.dictionaries(st.integers(1, 6).map(lambda n: UUID(int=n)), st.integers(0, 5)),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_always(owners: list[UUID], at_work: dict[UUID, int], per_user: int, room: int) -> None:
    waiting = runs(*owners)
    picked = fair(waiting, at_work, per_user, room)
    owner_of = dict(waiting)
    after = Counter(at_work) + Counter(owner_of[run] for run in picked)
    assert len(set(picked)) == len(picked) <= room
    for owner in set(owners):
        mine = [run for run, whose in waiting if whose == owner]
        assert [run for run in picked if owner_of[run] == owner] == mine[: sum(r in picked for r in mine)], "in order"
        assert after[owner] <= max(per_user, at_work.get(owner, 0))
        left = len(mine) > sum(run in picked for run in mine)
        if left and after[owner] < per_user:
            assert len(picked) == room, "nothing is left waiting while there is room"
            for other in {owner_of[run] for run in picked}:
                assert after[other] <= after[owner] + 1, "nobody was served twice before another was served once"


def limited(database: Database, folder: Path, **limits: int) -> World:
    return World(database, folder, limits=LimitSettings(**limits))  # pyright: ignore[reportArgumentType]


async def queue(world: World, actor: Actor, *projects: str) -> list[ProjectSummary]:
    """A project of each name with one queued run."""
    made: list[ProjectSummary] = []
    for name in projects:
        made.append(await world.project(actor, name))
        await world.execute(actor, made[-1], (await world.task(actor, made[-1], name)).id)
    return made


def titles(claims: list[Claim]) -> list[str]:
    return sorted(claim.title for claim in claims)


async def test_a_user_has_so_many_at_work_over_all_projects(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=2, runs=16)
    ada, bob = await world.person("ada"), await world.person("bob")
    await queue(world, ada, "A1", "A2", "A3")
    await queue(world, bob, "B1")
    first = await world.claim()
    assert titles(first) == ["A1", "A2", "B1"]
    assert await world.claim() == []
    mine = next(claim for claim in first if claim.title == "A1")
    await world.do(lambda s: s.runs.attached(mine, "ses_1", "boot"))
    await world.do(lambda s: s.runs.running(mine))
    await world.finish(mine)
    assert titles(await world.claim()) == ["A3"]


async def test_the_server_has_so_many_at_work_and_shares_them_out(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=8, runs=3)
    ada, bob = await world.person("ada"), await world.person("bob")
    await queue(world, ada, "A1", "A2", "A3", "A4")
    await queue(world, bob, "B1", "B2")
    assert titles(await world.claim()) == ["A1", "A2", "B1"]
    assert await world.claim() == []


async def test_a_run_that_lost_its_driver_is_taken_over_whatever_the_quota(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=1, runs=1)
    ada = await world.person("ada")
    await queue(world, ada, "A1", "A2")
    (claim,) = await world.claim()
    await world.wait(seconds=60)
    (again,) = await world.claim("two")
    assert (again.session_id, again.was_running) == (claim.session_id, True)


async def test_claimers_at_once_do_not_overshoot(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=3, runs=5)
    people = [await world.person(name) for name in ("ada", "bob", "eve")]
    for person in people:
        await queue(world, person, *(f"{person.name} {number}" for number in range(5)))
    taken = await asyncio.gather(*(world.claim(f"controller {number}") for number in range(8)))
    claims = [claim for one in taken for claim in one]
    assert len({claim.session_id for claim in claims}) == len(claims) == 5
    share = Counter(claim.title.split()[0] for claim in claims)
    assert sorted(share.values()) == [1, 2, 2]
    at_work = [run for run in await world.rows(OpencodeSession) if run.status == "starting"]
    assert len(at_work) == 5


async def test_who_claims_counts_what_another_is_just_claiming(database: Database, tmp_path: Path) -> None:
    """The second would choose another run than the first, so that no lock on a row keeps them apart."""
    world = limited(database, tmp_path, runs=2)
    ada, eve = await world.person("ada"), await world.person("eve")
    await queue(world, ada, "A1")
    await world.claim()
    await queue(world, ada, "A2")

    async def second() -> list[Claim]:
        await queue(world, eve, "E1")
        return await world.claim("two")

    async with world.ports.scope() as scope:
        assert titles(await scope.runs.let_in("one")) == ["A2"]
        other = asyncio.create_task(second())
        await asyncio.sleep(0.5)
    assert await other == []


async def waits(world: World, actor: Actor, project: ProjectSummary) -> set[tuple[int | None, str | None]]:
    """What the board, the card and the list of runs say about the newest card; they have to agree."""
    path = f"/projects/{project.slug}"
    async with world.client(world.app(), actor) as client:
        card = (await client.get(f"{path}/tasks")).json()["items"][-1]
        said = [card["run"], (await client.get(f"{path}/tasks/{card['id']}")).json()["run"]]
        said += [(await client.get(f"{path}/tasks/{card['id']}/sessions")).json()["items"][0]]
    return {(run["queue_position"], run["waits_for"]) for run in said}


async def test_the_reason_why_a_run_waits_is_told(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=2, runs=3)
    ada, bob, eve = [await world.person(name) for name in ("ada", "bob", "eve")]
    one, two, three = await queue(world, ada, "A1", "A2", "A3")
    assert await waits(world, ada, one) == {(1, None)}, "it starts in a moment"
    await world.claim()
    assert await waits(world, ada, one) == {(None, None)}, "it has started"
    assert await waits(world, ada, three) == {(1, "user")}
    await world.execute(ada, one, (await world.task(ada, one, "behind A1")).id)
    assert await waits(world, ada, one) == {(1, "project")}
    (other,) = await queue(world, bob, "B1")
    await world.claim()
    (last,) = await queue(world, eve, "E1")
    await world.claim()
    assert await waits(world, bob, other) == {(None, None)}
    assert await waits(world, eve, last) == {(1, "server")}
    assert two.slug


async def test_a_workspace_that_is_not_there_yet_is_waited_for_first(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, runs_per_user=1, runs=1)
    ada = await world.person("ada")
    await queue(world, ada, "A1")
    await world.claim()
    cloned = await world.project(ada, "Cloned", git={"url": "https://git.example.org/a.git"})
    await world.execute(ada, cloned, (await world.task(ada, cloned)).id)
    assert await waits(world, ada, cloned) == {(1, "workspace")}


async def test_a_project_too_many_is_refused_and_a_deleted_one_makes_room(database: Database, tmp_path: Path) -> None:
    world = limited(database, tmp_path, projects_per_user=3)
    ada, bob = await world.person("ada"), await world.person("bob")
    first = await world.project(ada, "P0")
    async with world.client(world.app(), ada) as client:
        answers = await asyncio.gather(*(client.post("/projects", json={"name": f"P{n}"}) for n in range(1, 6)))
        assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 3}
        refused = next(answer for answer in answers if answer.status_code == 409).json()["error"]
        assert refused["details"] == {"reason": "too_many_projects", "limit": 3}
        assert "archived" in refused["message"]
        assert (await client.post(f"/projects/{first.slug}/archive")).is_success
        assert (await client.post("/projects", json={"name": "P6"})).status_code == 409, "an archived one counts"
        assert (await client.delete(f"/projects/{first.slug}")).is_success
        assert (await client.post("/projects", json={"name": "P7"})).status_code == 201
    assert await world.project(bob), "each has their own"
