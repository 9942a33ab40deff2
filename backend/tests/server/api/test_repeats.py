"""`Idempotency-Key`: the same wish sent twice is carried out once and answered twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from opm.server.core.actor import Actor
from opm.server.core.errors import Unavailable
from opm.server.db.models import IdempotencyKey
from opm.wire.terminals import NewTerminal, Terminal
from tests.builders import World
from tests.fakes.terminals import FakeTerminals
from tests.server.api.rooms import Room, fault, furnish


@pytest.fixture
async def ann(world: World) -> Actor:
    return await world.person("ann")


@pytest.fixture
async def client(world: World, ann: Actor) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(world.app(), ann) as client:
        yield client


async def make(client: httpx.AsyncClient, name: str, key: str = "wish-1") -> httpx.Response:
    return await client.post("/projects", json={"name": name}, headers={"Idempotency-Key": key})


async def a_day_later(world: World, client: httpx.AsyncClient, ann: Actor) -> None:
    world.clock.pass_by(hours=24, seconds=1)
    client.headers.update(world.bearer(ann))


async def names(client: httpx.AsyncClient) -> list[str]:
    return [item["name"] for item in (await client.get("/projects")).json()["items"]]


async def test_a_repetition_gets_the_first_answer(client: httpx.AsyncClient) -> None:
    first, second = await make(client, "Tea"), await make(client, "Tea")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await names(client) == ["Tea"]


async def test_without_a_key_every_request_is_a_wish(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.post("/projects", json={"name": "Tea"})).status_code == 201
    assert await names(client) == ["Tea", "Tea"]


async def test_a_key_is_for_one_request(client: httpx.AsyncClient) -> None:
    await make(client, "Tea")
    assert fault(await make(client, "Coffee"), 409)["details"]["field"] == "Idempotency-Key"
    assert await names(client) == ["Tea"]


async def test_a_refused_request_keeps_nothing(client: httpx.AsyncClient) -> None:
    assert (await make(client, "")).status_code == 400
    assert (await make(client, "Tea")).status_code == 201


async def test_a_key_is_forgotten_after_a_day(world: World, client: httpx.AsyncClient, ann: Actor) -> None:
    await make(client, "Tea")
    await a_day_later(world, client, ann)
    assert "idempotency-replayed" not in (await make(client, "Tea")).headers
    assert await names(client) == ["Tea", "Tea"]


async def test_what_is_old_is_taken_away(world: World, client: httpx.AsyncClient, ann: Actor) -> None:
    await make(client, "Tea")
    await a_day_later(world, client, ann)
    await make(client, "Coffee", "wish-2")
    async with world.ports.scope() as scope:
        await scope.repeats.forget_old()
    async with world.ports.db.session(write=False) as session:
        assert list((await session.execute(select(IdempotencyKey.key))).scalars()) == ["wish-2"]


async def test_keys_of_others_are_others(world: World, client: httpx.AsyncClient) -> None:
    await make(client, "Tea")
    async with world.client(world.app(), await world.person("bob")) as other:
        assert "idempotency-replayed" not in (await make(other, "Tea")).headers


@pytest.mark.parametrize("key", ["", "two words", "k" * 256])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    assert fault(await make(client, "Tea", key), 400)["details"]["field"] == "Idempotency-Key"


async def test_at_once_is_still_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(make(client, "Tea") for _ in range(8)))
    seen = Counter(answer.status_code for answer in answers)
    assert set(seen) <= {201, 409}
    assert seen[201] >= 1
    assert await names(client) == ["Tea"]
    assert (await make(client, "Tea")).headers["idempotency-replayed"] == "true"


WITHOUT_A_KEY = {
    # nobody is signed in yet, or not any more
    *("launch", "refresh", "logout", "oidc_login", "oidc_callback", "oidc_backchannel_logout"),
    *("logout_everywhere", "sign_person_out"),  # end only
    *(
        "archive_project",
        "restore_project",
        "activate_config",
        "move_task",
        "rename_file",
        "change_tasks",
    ),  # change only
    "test_config",  # keeps nothing
}


async def test_every_route_that_creates_takes_a_key(small_world: World) -> None:
    posts = [path["post"] for path in small_world.app().openapi()["paths"].values() if "post" in path]
    taking = {c["operationId"] for c in posts if "Idempotency-Key" in {p["name"] for p in c.get("parameters", ())}}
    assert {call["operationId"] for call in posts} - taking == WITHOUT_A_KEY


# --- work that a pod does --------------------------------------------------------------------------------------


@pytest.fixture
async def room(world: World) -> Room:
    return await furnish(world)


class Slow(FakeTerminals):
    """Opens when it is let, or breaks off."""

    def __init__(self) -> None:
        super().__init__("pty_1")
        self.let = asyncio.Event()
        self.asked = asyncio.Event()
        self.breaks = False

    async def create(self, new: NewTerminal) -> Terminal:
        self.asked.set()
        await self.let.wait()
        if self.breaks:
            raise Unavailable("The pod of this project cannot be reached.")
        return await super().create(new)


async def test_a_file_is_written_once_and_answered_twice(room: Room) -> None:
    world = room.world
    async with world.client(world.app(), room.owner) as client:
        place, key = f"/projects/{room.project.slug}/files", {"Idempotency-Key": "w"}
        body = {"path": "new.txt", "content": "x"}
        first, second = [await client.post(f"{place}/write", json=body, headers=key) for _ in range(2)]
        assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
        assert second.headers["idempotency-replayed"] == "true"
        made = [
            await client.post(f"{place}/mkdir", json={"path": "d"}, headers={"Idempotency-Key": "m"}) for _ in range(2)
        ]
        assert [answer.status_code for answer in made] == [201, 201]


async def test_two_at_once_open_one_terminal(room: Room) -> None:
    world = room.world
    world.clients.shells[room.project.id] = shells = Slow()
    async with world.client(world.app(), room.owner) as client:

        async def open_one() -> httpx.Response:
            path = f"/projects/{room.project.slug}/terminals"
            return await client.post(path, json={}, headers={"Idempotency-Key": "t"})

        first = asyncio.create_task(open_one())
        await shells.asked.wait()
        assert fault(await open_one(), 409)["details"]["reason"] == "at_work"
        shells.let.set()
        made = (await first).json()
        again = await open_one()
        assert (again.json(), again.headers["idempotency-replayed"]) == (made, "true")
    assert set(shells.titles) == {"pty_1", made["id"]}


async def test_what_failed_or_was_given_up_may_be_tried_again(room: Room) -> None:
    world = room.world
    world.clients.shells[room.project.id] = shells = Slow()
    shells.breaks = True
    shells.let.set()
    path, key = f"/projects/{room.project.slug}/terminals", {"Idempotency-Key": "t"}
    async with world.client(world.app(), room.owner) as client:
        fault(await client.post(path, json={}, headers=key), 503)
        shells.let.clear()
        shells.asked.clear()
        lost = asyncio.create_task(client.post(path, json={}, headers=key))
        await shells.asked.wait()
        lost.cancel()
        fault(await client.post(path, json={}, headers=key), 409)
        world.clock.pass_by(minutes=3)
        shells.breaks = False
        shells.let.set()
        assert (await client.post(path, json={}, headers=key)).status_code == 201
