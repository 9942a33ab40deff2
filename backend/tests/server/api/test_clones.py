"""Projects made of a repository, over HTTP: what is refused and where, and what is never told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opm.server.core.crypto import place_of
from opm.server.db.models import Project
from tests.builders import World
from tests.server.api.rooms import fault

URL = "https://git.example/ann/tea.git"
TOKEN = "ghp_0123456789_secret"


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(world.app(), await world.person("ann")) as opened:
        yield opened


async def make(client: httpx.AsyncClient, **git: Any) -> httpx.Response:
    return await client.post("/projects", json={"name": "Tea", "git": {"url": URL, **git}})


async def fail(world: World, reason: str = "No.") -> None:
    (row,) = await world.rows(Project)
    await world.do(lambda s: s.clones.failed(row.id, reason))


async def test_a_project_is_to_be_made_of_a_repository(client: httpx.AsyncClient, world: World) -> None:
    answer = await make(client, ref="next", depth=1, username="ann", token=TOKEN)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["source"], made["git_url"], made["git_ref"], made["git_depth"]) == ("git", URL, "next", 1)
    assert (made["workspace_state"], made["workspace_reason"], made["git_credential_set"]) == ("waiting", None, True)
    for path in ("", "/tea", "/tea/audit"):
        assert TOKEN not in (await client.get(f"/projects{path}")).text
    async with world.ports.db.session(write=False) as session:
        stored = str((await session.execute(text("SELECT * FROM projects"))).mappings().all())
        logged = str((await session.execute(text("SELECT * FROM audit_log"))).mappings().all())
    assert URL in stored
    assert TOKEN not in stored + logged
    (row,) = await world.rows(Project)
    assert row.git_credential_encrypted is not None
    place = place_of("projects", "git_credential_encrypted", row.id, row.id)
    assert TOKEN in world.ports.cipher.open(row.git_credential_encrypted, place=place)


@pytest.mark.parametrize(
    ("git", "field"),
    [
        ({"url": f"https://ann:{TOKEN}@git.example/tea"}, "body.git.url"),
        ({"url": "git@git.example:tea"}, "body.git.url"),
        ({"url": "file:///etc"}, "body.git.url"),
        ({"url": "--upload-pack=id"}, "body.git.url"),
        ({"ref": "--upload-pack=id"}, "body.git.ref"),
        ({"token": "a\nb"}, "body.git.token"),
        ({"username": "a\nb"}, "body.git.username"),
        ({"depth": 0}, "body.git.depth"),
        ({"branch": "x"}, "body.git.branch"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, git: dict[str, Any], field: str) -> None:
    error = fault(await make(client, **git), 400)
    assert error["details"]["field"] == field
    assert TOKEN not in str(error)


async def test_a_project_has_one_source(client: httpx.AsyncClient) -> None:
    answer = await client.post("/projects", json={"name": "Tea", "sample": True, "git": {"url": URL}})
    assert "not with both" in fault(answer, 400)["message"]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("10.0.0.7", URL),
        ("169.254.169.254", URL),
        ("127.0.0.1", URL),
        ("93.184.215.14", URL.replace("https", "http")),
        ("", "https://127.0.0.1/tea"),
        ("", "https://[::ffff:10.0.0.1]/tea"),
    ],
)
async def test_a_host_inside_is_refused(client: httpx.AsyncClient, world: World, address: str, url: str) -> None:
    world.names["git.example"] = [address]
    error = fault(await make(client, url=url), 400)
    assert error["details"] == {"field": "git.url", "reason": "address_refused"}
    assert await world.rows(Project) == []


async def test_nobody_works_in_a_workspace_that_is_not_made(client: httpx.AsyncClient, world: World) -> None:
    await make(client)
    for path in ("files/tree", "terminals"):
        error = fault(await client.get(f"/projects/tea/{path}"), 503)
        assert error["details"]["reason"] == "pod_starting"
    await fail(world, "There is no such branch or tag.")
    for path in ("files/tree", "terminals"):
        error = fault(await client.get(f"/projects/tea/{path}"), 409)
        assert error["details"]["reason"] == "workspace_failed"
        assert "There is no such branch or tag." in error["message"]


async def test_a_clone_that_failed_is_tried_again(client: httpx.AsyncClient, world: World) -> None:
    await make(client, token=TOKEN)
    assert fault(await client.post("/projects/tea/workspace/retry", json={}), 409)["details"] == {
        "reason": "workspace_waiting"
    }
    await fail(world)
    project = (await client.get("/projects/tea")).json()
    assert (project["workspace_state"], project["workspace_reason"]) == ("failed", "No.")
    world.names["inside.example"] = ["10.0.0.7"]
    refused = await client.post("/projects/tea/workspace/retry", json={"url": "https://inside.example/tea"})
    assert fault(refused, 400)["details"]["field"] == "git.url"
    again = await client.post("/projects/tea/workspace/retry", json={"ref": "next", "token": "another"})
    assert again.status_code == 202
    assert (again.json()["workspace_state"], again.json()["workspace_reason"]) == ("waiting", None)
    assert again.json()["git_ref"] == "next"
    assert [event.model_dump()["state"] for event in world.announced("workspace_changed")] == ["failed", "waiting"]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, ("ann", TOKEN)),
        ({"username": "bob"}, ("bob", TOKEN)),
        ({"token": "another"}, ("ann", "another")),
        ({"token": None}, ("", "")),
        ({"url": "https://git.example/ann/other"}, ("ann", TOKEN)),
        ({"url": "https://other.example/tea"}, ("", "")),
        ({"url": "https://other.example/tea", "username": "bob"}, ("bob", "")),
    ],
)
async def test_of_who_signs_in_there_only_what_is_named_changes(
    client: httpx.AsyncClient, world: World, change: dict[str, Any], wanted: tuple[str, str]
) -> None:
    await make(client, username="ann", token=TOKEN)
    await fail(world)
    assert (await client.post("/projects/tea/workspace/retry", json=change)).status_code == 202
    (row,) = await world.rows(Project)
    clone = await world.do(lambda s: s.clones.take_up(row.id))
    assert clone is not None
    assert (clone.username, clone.token) == wanted


async def test_of_another_s_project_nothing_is_looked_up(client: httpx.AsyncClient, world: World) -> None:
    world.names["git.example"] = ["10.0.0.7"]
    fault(await client.post("/projects/none/workspace/retry", json={"url": URL}), 404)
