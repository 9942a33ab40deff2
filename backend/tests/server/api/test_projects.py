"""Projects over HTTP: made, found, paged, patched, started, looked into, ended."""

from collections.abc import AsyncIterator

import httpx
import pytest

from opm.server.features.projects.schemas import ProjectSummary
from opm.server.runtime.base import Part
from tests.builders import World
from tests.server.api.rooms import fault


@pytest.fixture
async def client(small_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with small_world.client(small_world.app(), await small_world.person("ann")) as opened:
        yield opened


async def make(client: httpx.AsyncClient, name: str = "Tea timer", **more: object) -> ProjectSummary:
    answer = await client.post("/projects", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return ProjectSummary.model_validate_json(answer.content)


async def test_a_project_is_made_and_found(client: httpx.AsyncClient) -> None:
    made = await make(client, "  Tea timer ", description="For tea")
    assert (made.name, made.slug, made.status, made.pod_status, made.demo) == (
        "Tea timer",
        "tea-timer",
        "initializing",
        "absent",
        True,
    )
    for ref in (made.slug, str(made.id)):
        answer = await client.get(f"/projects/{ref}")
        assert ProjectSummary.model_validate_json(answer.content) == made
    assert answer.json()["created_at"].endswith("Z")


async def test_the_sample_comes_with_cards(client: httpx.AsyncClient) -> None:
    made = await make(client, sample=True)
    assert made.task_counts["todo"] >= 5
    cards = (await client.get(f"/projects/{made.slug}/tasks")).json()["items"]
    assert len(cards) == made.task_counts["todo"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.name"),
        ({"name": "   "}, "body.name"),
        ({"name": "x" * 121}, "body.name"),
        ({"name": "x", "slug": "No Slug"}, "body.slug"),
        ({"name": "x", "status": "ready"}, "body.status"),
        ({"name": "x", "sample": "perhaps"}, "body.sample"),
        ({"name": 7}, "body.name"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, body: dict[str, object], field: str) -> None:
    error = fault(await client.post("/projects", json=body), 400)
    assert error["type"] == "VALIDATION_ERROR"
    assert error["details"]["field"] == field
    assert error["message"].startswith(field)


async def test_a_taken_slug_is_a_conflict(client: httpx.AsyncClient) -> None:
    await make(client, slug="tea")
    error = fault(await client.post("/projects", json={"name": "x", "slug": "tea"}), 409)
    assert (error["type"], error["details"]["field"]) == ("CONFLICT", "slug")


async def test_the_list_is_read_to_its_end(client: httpx.AsyncClient) -> None:
    made = [(await make(client, f"P {n}")).slug for n in range(5)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/projects", params=params)).json()
        seen += [item["slug"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (made[::-1], 3)


async def test_a_patch_changes_what_it_names(client: httpx.AsyncClient) -> None:
    made = await make(client, description="old")
    answer = await client.patch(f"/projects/{made.slug}", json={"name": "Coffee"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["slug"], answer.json()["description"]) == (
        "Coffee",
        "tea-timer",
        "old",
    )
    error = fault(await client.patch(f"/projects/{made.slug}", json={"slug": "coffee"}), 400)
    assert error["details"]["field"] == "body.slug"


async def test_start_and_stop_are_wishes(client: httpx.AsyncClient) -> None:
    made = await make(client)
    started = await client.post(f"/projects/{made.slug}/start")
    assert (started.status_code, started.json()["desired_state"]) == (202, "running")
    assert started.json()["pod_status"] == "absent"
    stopped = await client.post(f"/projects/{made.slug}/stop")
    assert (stopped.status_code, stopped.json()["desired_state"]) == (202, "stopped")


async def test_the_pod_is_shown_as_it_is_seen(small_world: World, client: httpx.AsyncClient) -> None:
    made = await make(client)
    absent = (await client.get(f"/projects/{made.slug}/pod")).json()
    assert (absent["phase"], absent["reason"], absent["parts"]) == ("absent", None, [])
    assert "Start does it now" in absent["advice"]
    small_world.runtime.start_delay = 60
    await small_world.runtime.ensure(await small_world.do(lambda s: s.workspaces.spec(made.id), write=False))
    small_world.runtime.die(made.id, "OpenCode ended with signal 9")
    pod = (await client.get(f"/projects/{made.slug}/pod")).json()
    assert (pod["phase"], pod["reason"]) == ("pending", "OpenCode ended with signal 9")
    opencode = pod["parts"][0]
    assert (opencode["part"], opencode["ready"], opencode["restarts"]) == ("opencode", False, 1)
    assert (opencode["state"], opencode["advice"]) == ("starting", None)
    assert {part["part"] for part in pod["parts"]} == {"opencode", "files", "session", "model"}
    await small_world.runtime.close()


async def test_the_pods_newest_lines_are_shown(small_world: World, client: httpx.AsyncClient) -> None:
    made = await make(client)
    small_world.runtime.volumes.add(made.id)
    small_world.runtime.log_lines = {Part.OPENCODE: [f"line {n}" for n in range(300)], Part.FILES: ["listening"]}
    path = f"/projects/{made.slug}/pod/logs"
    assert len((await client.get(path)).json()["lines"]) == 200
    answer = (await client.get(path, params={"part": "opencode", "lines": 2})).json()
    assert answer == {"part": "opencode", "lines": ["line 298", "line 299"]}
    assert (await client.get(path, params={"part": "files"})).json()["lines"] == ["listening"]
    fault(await client.get(path, params={"part": "kernel"}), 400)
    fault(await client.get(path, params={"lines": 2001}), 400)


async def test_a_deleted_project_is_gone(client: httpx.AsyncClient) -> None:
    made = await make(client)
    assert (await client.delete(f"/projects/{made.slug}")).status_code == 204
    fault(await client.get(f"/projects/{made.slug}"), 404)
    fault(await client.delete(f"/projects/{made.slug}"), 404)
    assert (await client.get("/projects")).json() == {"items": [], "next_cursor": None}
    assert (await make(client)).slug == "tea-timer-2"


async def test_the_audit_log_names_the_request(client: httpx.AsyncClient) -> None:
    made = await make(client)
    headers = {"X-Request-ID": "my-request-1", "User-Agent": "Tests/1"}
    await client.patch(f"/projects/{made.slug}", json={"name": "x"}, headers=headers)
    changed, line = (await client.get(f"/projects/{made.slug}/audit")).json()["items"]
    assert (changed["action"], changed["details"]) == ("project.update", {"changed": ["name"]})
    assert (changed["request_id"], changed["user_agent"]) == ("my-request-1", "Tests/1")
    assert (line["action"], line["ip_address"]) == ("project.create", "127.0.0.1")
    assert line["user_agent"].startswith("python-httpx")
