"""Every operation and socket as a stranger, as somebody else, as somebody shut out, with ids that do not fit together.

`test_contract` walks the same document for the forms of requests and answers; here the question is who may. The
owner's own call, which succeeds there, is what makes a refusal here mean something.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opm.server.api.policies import KEY, SOCKETS
from opm.server.core.actor import Actor
from opm.server.features.users.schemas import NewToken, PersonPatch
from tests.builders import World
from tests.server.api.rooms import CALLS, Room, document, fault, furnish
from tests.server.api.test_contract import ask, everything
from tests.serving import serving

NESTED = ("task", "session", "interaction", "template", "terminal", "version")


@pytest.fixture
async def room(small_world: World) -> Room:
    return await furnish(small_world)


@pytest.fixture
def app(room: Room) -> FastAPI:
    return room.world.app()


def policies() -> Iterator[tuple[str, str, str, str]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path, operation[KEY]


def place_of(room: Room, path: str, name: str, **other: Any) -> str:
    return room.path(path, name if name in CALLS else "get_project", **other)


async def said(client: httpx.AsyncClient, method: str, place: str, name: str) -> httpx.Response:
    return await (ask(client, method, place, name) if name in CALLS else client.request(method, place))


async def shut_out(world: World, actor: Actor) -> None:
    await world.do(lambda s: s.accounts.patch(None, actor.user_id, PersonPatch(disabled=True)))


def test_the_walk_meets_every_policy() -> None:
    met = {policy for *_, policy in policies()}
    assert met == {"public", "signed-in", "owner", "person", "admin"}
    assert {name for name, _, path, policy in policies() if policy == "owner"} == set(CALLS)


async def test_somebody_shut_out_gets_in_nowhere(room: Room, app: FastAPI) -> None:
    """Though the token is good for an hour, and the project is theirs."""
    world = room.world
    await world.administers(room.owner)
    async with world.client(app, room.owner) as client:
        assert (await client.get("/projects")).status_code == 200
        await shut_out(world, room.owner)
        world.clock.pass_by(seconds=2)  # as long as this process may remember
        before = await everything(world)
        for name, method, path, policy in policies():
            if policy == "public":
                continue
            answer = await said(client, method, place_of(room, path, name), name)
            assert fault(answer, 401)["type"] == "UNAUTHORIZED", name
        assert await everything(world) == before


async def test_ids_of_ones_own_two_projects_do_not_mix(room: Room, app: FastAPI) -> None:
    """Their owner may see both; yet a card of one is nothing in the other."""
    world = room.world
    other = await world.project(room.owner, "Other")
    before = await everything(world)
    tried = 0
    async with world.client(app, room.owner) as client:
        for name, method, path, policy in policies():
            parts = [part for part in NESTED if f"{{{part}}}" in path]
            if policy != "owner" or not parts or parts in (["version"], ["terminal"]):
                continue
            fault(await ask(client, method, room.path(path, name, project=other.slug), name), 404)
            tried += 1
    assert tried > 20
    assert await everything(world) == before


async def test_only_administrators_in_person_pass_where_they_alone_may(room: Room, app: FastAPI) -> None:
    world = room.world
    token = await world.do(lambda s: s.personal_tokens.create(room.owner, NewToken(name="x", scope="write")))
    async with world.client(app, room.owner) as plain, world.client(app) as program:
        program.headers["Authorization"] = f"Bearer {token.secret}"
        for promoted in (False, True):
            if promoted:
                await world.administers(room.owner)
            for name, method, path, policy in policies():
                if policy not in {"admin", "person"}:
                    continue
                place = place_of(room, path, name)
                told = fault(await program.request(method, place, json={"disabled": True}), 403)
                assert told["details"]["reason"] == "personal_token", name
                if policy == "admin" and not promoted:
                    fault(await plain.request(method, place, json={"disabled": True}), 403)
        assert (await plain.get("/users")).status_code == 200
        assert (await program.get("/projects")).status_code == 200


async def test_a_token_for_reading_changes_nothing_anywhere(room: Room, app: FastAPI) -> None:
    world = room.world
    token = await world.do(lambda s: s.personal_tokens.create(room.owner, NewToken(name="x", scope="read")))
    async with world.client(app) as program:
        program.headers["Authorization"] = f"Bearer {token.secret}"
        assert (await program.get(f"/projects/{room.project.slug}")).status_code == 200
        before = await everything(world)
        for name, method, path, policy in policies():
            if policy != "public" and method not in {"GET", "HEAD"}:
                fault(await said(program, method, place_of(room, path, name), name), 403)
        assert await everything(world) == before


async def test_a_token_for_reading_starts_no_workspace(room: Room, app: FastAPI) -> None:
    world = room.world
    other = await world.project(room.owner, "Other")
    token = await world.do(lambda s: s.personal_tokens.create(room.owner, NewToken(name="x", scope="read")))
    async with world.client(app) as program:
        program.headers["Authorization"] = f"Bearer {token.secret}"
        tree = "/projects/{}/files/tree"
        assert (await program.get(tree.format(room.project.slug))).status_code == 200
        before = await everything(world)
        refused = fault(await program.get(tree.format(other.slug)), 409)
        assert refused["details"] == {"reason": "pod_stopped"}
        assert (await program.get(f"/projects/{other.slug}/terminals")).json() == []
        assert await everything(world) == before
    async with world.client(app, room.owner) as person:
        assert fault(await person.get(tree.format(other.slug)), 503)["details"]["reason"] == "pod_starting"


# --- sockets ---------------------------------------------------------------------------------------------------


def socket_path(room: Room, path: str) -> str:
    return path.format(project=room.project.slug) + ("?terminal=pty_1" if "terminal" in path else "")


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    async with serving(app) as served:
        yield served


def opened(address: str, path: str, headers: dict[str, str], origin: str | None = None) -> connect:
    return connect(f"ws://{address}{path}", additional_headers=headers, origin=origin, proxy=None)  # pyright: ignore[reportArgumentType]


async def end_of(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        return socket.close_code


@pytest.mark.parametrize("path", sorted(SOCKETS))
async def test_sockets_take_nobody_who_is_not_signed_in(room: Room, address: str, path: str) -> None:
    place = socket_path(room, path)
    for headers in ({"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        async with opened(address, place, headers) as socket:
            assert await end_of(socket) == 4401
    for origin in (None, "http://evil.example", "null"):
        with pytest.raises(InvalidStatus):
            async with opened(address, place, {}, origin):
                pass


@pytest.mark.parametrize("path", sorted(SOCKETS))
async def test_sockets_end_for_somebody_shut_out_within_five_seconds(room: Room, address: str, path: str) -> None:
    """Also when another process shut them out, which this one is not told of."""
    async with opened(address, socket_path(room, path), room.world.bearer(room.owner)) as socket:
        await socket.recv()
        await shut_out(room.world, room.owner)
        async with asyncio.timeout(5):
            assert await end_of(socket) == 4401


async def test_the_terminal_of_anothers_project_is_not_there(room: Room, address: str) -> None:
    bob = await room.world.person("bob")
    for headers, wanted in ((room.world.bearer(bob), 4404), (room.world.bearer(room.owner), None)):
        async with opened(address, socket_path(room, "/api/projects/{project}/terminal"), headers) as socket:
            if wanted:
                assert await end_of(socket) == wanted
            else:
                assert await socket.recv()


async def test_a_token_for_reading_opens_no_terminal(room: Room, address: str) -> None:
    token = await room.world.do(lambda s: s.personal_tokens.create(room.owner, NewToken(name="x", scope="read")))
    headers = {"Authorization": f"Bearer {token.secret}"}
    with pytest.raises(InvalidStatus):
        async with opened(address, socket_path(room, "/api/projects/{project}/terminal"), headers):
            pass
    async with opened(address, "/api/ws", headers) as socket:
        assert "welcome" in str(await socket.recv())


async def test_the_output_of_somebody_shut_out_ends_within_five_seconds(room: Room, address: str) -> None:
    world = room.world
    place = f"http://{address}/api/projects/{room.project.slug}/tasks/{room.tasks['working']}/output"
    async with httpx.AsyncClient(headers=world.bearer(room.owner), trust_env=False, timeout=10) as client:
        async with client.stream("GET", place) as stream:
            assert stream.status_code == 200
            chunks = stream.aiter_bytes()
            await anext(chunks)
            await shut_out(world, room.owner)
            async with asyncio.timeout(5):
                async for _ in chunks:
                    pass
        assert (await client.get(place)).status_code == 401
