"""The audit log over HTTP: narrowed, taken along as a file, and only ever one's own."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from tests.builders import World
from tests.server.api.rooms import Room, furnish


@pytest.fixture
async def room(small_world: World) -> Room:
    return await furnish(small_world)


@pytest.fixture
async def client(small_world: World, room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with small_world.client(small_world.app(), room.owner) as client:
        yield client


async def write(world: World, room: Room, count: int, name: str = "x", **person: str) -> None:
    actor = replace(room.owner, **person)
    async with world.ports.scope() as scope:
        for number in range(count):
            scope.users.uow.audit(actor, "thing.made", ("thing", f"{name}{number}"), project=room.project.id)


async def test_lines_are_found_by_what_is_asked(small_world: World, room: Room, client: httpx.AsyncClient) -> None:
    await write(small_world, room, 3)
    place = f"/projects/{room.project.slug}/audit"

    async def found(**query: str) -> list[str]:
        answer = await client.get(place, params=query)
        assert answer.status_code == 200, answer.text
        return [item["resource_id"] for item in answer.json()["items"]]

    assert await found(action="thing.made") == ["x2", "x1", "x0"]
    assert await found(resource_type="thing", resource_id="x1") == ["x1"]
    assert await found(action="thing.made", user=str(room.owner.user_id)) == ["x2", "x1", "x0"]
    assert await found(user=str(room.project.id)) == []
    assert await found(until="2001-01-01T00:00:00Z") == []
    assert "x0" in await found(since="2001-01-01T00:00:00Z")
    assert (await client.get(place, params={"since": "yesterday"})).status_code == 400


async def test_lines_bear_the_name_of_who_it_was(small_world: World, room: Room, client: httpx.AsyncClient) -> None:
    await write(small_world, room, 1)
    place = f"/projects/{room.project.slug}/audit"
    async with small_world.ports.scope() as scope:
        scope.users.uow.audit(None, "thing.made", ("thing", "s"), project=room.project.id, failed=True)
    found = (await client.get(place, params={"action": "thing.made"})).json()["items"]
    assert [(line["user_name"], line["outcome"]) for line in found] == [(None, "failure"), ("ann", "success")]
    failed = (await client.get(place, params={"outcome": "failure", "resource_type": "thing"})).json()["items"]
    assert [line["resource_id"] for line in failed] == ["s"]
    exported = await client.get(f"{place}/export", params={"format": "jsonl", "action": "thing.made"})
    assert [json.loads(line)["user_name"] for line in exported.text.splitlines()] == [None, "ann"]


async def test_the_account_is_narrowed_and_taken_along(
    small_world: World, room: Room, client: httpx.AsyncClient
) -> None:
    bob = await small_world.person("bob")
    async with small_world.ports.scope() as scope:
        for action in ("auth.sign_in", "auth.sign_out"):
            scope.users.uow.audit(room.owner, action, ("user", room.owner.user_id))
        scope.users.uow.audit(bob, "auth.sign_in", ("user", "bob"))
    query = {"action": "auth.sign_in"}
    assert [line["user_name"] for line in (await client.get("/audit", params=query)).json()["items"]] == ["ann"]
    table = await client.get("/audit/export", params=query)
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["action"], row["user_name"], row["outcome"]) == ("auth.sign_in", "ann", "success")
    lines = (await client.get("/audit/export", params={"format": "jsonl"})).text.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["auth.sign_out", "auth.sign_in"]


async def test_an_export_holds_every_line(small_world: World, room: Room, client: httpx.AsyncClient) -> None:
    await write(small_world, room, 450)
    place = f"/projects/{room.project.slug}/audit/export"
    query = {"format": "jsonl", "action": "thing.made"}
    answer = await client.get(place, params=query)
    ids = [json.loads(line)["resource_id"] for line in answer.text.splitlines()]
    assert ids == [f"x{number}" for number in reversed(range(450))]
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'


async def test_a_spreadsheet_runs_nothing_of_an_export(
    small_world: World, room: Room, client: httpx.AsyncClient
) -> None:
    await write(small_world, room, 1, name='=HYPERLINK("//evil"),')
    answer = await client.get(f"/projects/{room.project.slug}/audit/export", params={"action": "thing.made"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["resource_id"] == '\'=HYPERLINK("//evil"),0'


async def test_the_account_shows_what_belongs_to_no_project(
    small_world: World, room: Room, client: httpx.AsyncClient
) -> None:
    await write(small_world, room, 1)
    async with small_world.ports.scope() as scope:
        scope.users.uow.audit(room.owner, "auth.sign_in", ("user", room.owner.user_id))
        scope.users.uow.audit(None, "auth.failed", ("user", "unknown"))
    items = (await client.get("/audit")).json()["items"]
    assert {item["action"] for item in items} == {"auth.sign_in"}


async def test_what_was_done_in_a_project_can_be_read_when_it_is_deleted(
    small_world: World, room: Room, client: httpx.AsyncClient
) -> None:
    await small_world.do(lambda s: s.projects.delete(room.owner, room.project.slug))
    found = (await client.get("/audit", params={"action": "project.delete"})).json()["items"]
    assert [(line["user_name"], line["resource_id"]) for line in found] == [("ann", str(room.project.id))]
    assert "project.create" in (await client.get("/audit/export")).text
    bob = await small_world.person("bob")
    async with small_world.client(small_world.app(), bob) as other:
        assert (await other.get("/audit")).json()["items"] == []


async def test_administrators_read_of_all_accounts_and_of_nobodys_projects(small_world: World, room: Room) -> None:
    admin = await small_world.person("admin")
    await write(small_world, room, 1)
    async with small_world.ports.scope() as scope:
        scope.users.uow.audit(room.owner, "auth.sign_in", ("user", room.owner.user_id))
        scope.users.uow.audit(None, "auth.sign_in", ("user", "unknown"), failed=True)
    async with small_world.client(small_world.app(), admin) as client:
        for path in ("/audit/accounts", "/audit/accounts/export"):
            assert (await client.get(path)).status_code == 403
        await small_world.administers(admin)
        items = (await client.get("/audit/accounts", params={"action": "auth.sign_in"})).json()["items"]
        assert [(line["user_name"], line["outcome"]) for line in items] == [(None, "failure"), ("ann", "success")]
        lines = (await client.get("/audit/accounts/export", params={"format": "jsonl"})).text.splitlines()
        assert {json.loads(line)["action"] for line in lines} == {"auth.sign_in"}


async def test_the_name_of_a_browser_cannot_forge_a_line(
    small_world: World, room: Room, client: httpx.AsyncClient
) -> None:
    await write(small_world, room, 1, user_agent="a\r\n\x1b[2J\u202e" + "b" * 600)
    answer = await client.get(f"/projects/{room.project.slug}/audit", params={"action": "thing.made"})
    (item,) = answer.json()["items"]
    assert item["user_agent"].startswith(r"a\r\n\x1b[2J\u202eb")
    assert len(item["user_agent"]) == 512
