"""Every terminal that was opened is told to have ended, whoever or whatever ended it, and once."""

import pytest

from opm.server.background.leadership import Lead
from opm.server.background.terminals import look
from opm.server.core.errors import Unavailable
from opm.server.db.models import AuditLog
from opm.wire.terminals import Terminal
from tests.builders import World
from tests.fakes.terminals import FakeTerminals
from tests.server.api.rooms import Room, furnish


class Silent(FakeTerminals):
    async def everyone(self) -> list[Terminal]:
        raise Unavailable("The pod of this project cannot be reached.")


Told = tuple[str, str | None, bool, str | None]


@pytest.fixture
async def room(world: World) -> Room:
    return await furnish(world)


async def opened(room: Room, count: int) -> list[str]:
    world = room.world
    async with world.client(world.app(), room.owner) as client:
        made = [await client.post(f"/projects/{room.project.slug}/terminals", json={}) for _ in range(count)]
    return [answer.json()["id"] for answer in made]


async def told(room: Room) -> list[Told]:
    lines = [line for line in await room.world.rows(AuditLog) if line.action == "terminal.closed"]
    return [(line.action, line.resource_id, line.user_id is not None, line.details.get("reason")) for line in lines]


async def test_a_shell_that_ended_is_told_once(room: Room) -> None:
    first, second = await opened(room, 2)
    await look(room.world.ports, Lead(room.world.ports))
    assert await told(room) == []
    await room.world.clients.shells[room.project.id].end(first)
    for _ in range(2):
        await look(room.world.ports, Lead(room.world.ports))
    assert await told(room) == [("terminal.closed", first, False, "shell ended")]
    async with room.world.client(room.world.app(), room.owner) as client:
        await client.delete(f"/projects/{room.project.slug}/terminals/{second}")
    await look(room.world.ports, Lead(room.world.ports))
    assert (await told(room))[1:] == [("terminal.closed", second, True, None)]


async def test_terminals_end_with_their_pod(room: Room) -> None:
    both = await opened(room, 2)
    await room.world.runtime.stop(room.project.id)
    await look(room.world.ports, Lead(room.world.ports))
    assert sorted(await told(room)) == sorted(("terminal.closed", ref, False, "pod ended") for ref in both)


async def test_a_pod_that_cannot_say_ends_nothing(room: Room) -> None:
    await opened(room, 1)
    room.world.clients.shells[room.project.id] = Silent()
    await look(room.world.ports, Lead(room.world.ports))
    assert await told(room) == []
