"""Validators of what is read, limits of what is sent, pages of other origins, interactive documentation."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from opm.server.api import reference
from opm.server.core.settings import Settings
from tests.builders import World
from tests.fakes.clock import MovedClock
from tests.server.api.door import ORIGIN, Door, open_ports, settings_for
from tests.server.api.rooms import fault

ELSEWHERE = "https://tools.lan"


@pytest.fixture
async def client(small_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with small_world.client(small_world.app(), await small_world.person("ann")) as client:
        yield client


async def test_a_list_that_did_not_change_is_not_sent_again(client: httpx.AsyncClient) -> None:
    await client.post("/projects", json={"name": "Tea"})
    first = await client.get("/projects")
    tag = first.headers["etag"]
    again = await client.get("/projects", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in again.headers
    await client.post("/projects", json={"name": "Coffee"})
    changed = await client.get("/projects", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_tag_of_its_own_is_left_alone(client: httpx.AsyncClient) -> None:
    project = (await client.post("/projects", json={"name": "Tea"})).json()["id"]
    task = (await client.post(f"/projects/{project}/tasks", json={"title": "Brew"})).json()
    answer = await client.get(f"/projects/{project}/tasks/{task['id']}")
    assert answer.headers["etag"] == f'"{task["version"]}"'


async def test_errors_bear_no_tag(client: httpx.AsyncClient) -> None:
    assert "etag" not in (await client.get("/projects/none")).headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"name": "ok"}', 201),
        ('{"name": "half \\ud800"}', 400),
        ('{"name": NaN}', 400),
        ('{"name": "unended', 400),
        ("[" * 100_000, 413),
        ('{"a":' * 65 + "1" + "}" * 65, 413),
        (json.dumps({"name": "x" * (256 * 1024 + 1)}), 413),
        (json.dumps({"name": [0] * 10_001}), 413),
        (json.dumps({str(n): 0 for n in range(10_001)}), 413),
        (json.dumps({"name": "x" * (256 * 1024)}), 400),
    ],
)
async def test_json_is_taken_within_limits(client: httpx.AsyncClient, body: str, status: int) -> None:
    answer = await client.post("/projects", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    if status != 201:
        assert fault(answer, status)["message"]


async def test_a_large_head_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/projects", headers={"X-Long": "x" * 15_000})).status_code == 200
    assert fault(await client.get("/projects", headers={"X-Long": "x" * 17_000}), 431)


async def test_a_query_with_zero_in_it_is_refused(client: httpx.AsyncClient) -> None:
    assert "U+0000" in fault(await client.get("/projects?cursor=te%00a"), 400)["message"]


# --- other origins ---------------------------------------------------------------------------------------------


@pytest.fixture(params=[(), (ELSEWHERE,)], ids=["off", "on"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path, cors_origins=request.param), clock) as ports:
        yield Door(ports, clock, tmp_path / "web")


async def test_other_origins_are_answered_only_where_named(door: Door) -> None:
    named = bool(door.ports.settings.cors_origins)
    async with door.client(Authorization=f"Bearer {await door.bearer()}", Origin=ELSEWHERE) as client:
        asked = await client.options(
            "/api/things",
            headers={"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"},
        )
        answer = await client.post("/api/things", json={"size": 1})
    expected = ELSEWHERE if named else None
    assert asked.headers.get("access-control-allow-origin") == expected
    assert answer.status_code == 200
    assert answer.headers.get("access-control-allow-origin") == expected
    assert "access-control-allow-credentials" not in answer.headers


async def test_origins_that_are_not_named_get_nothing(door: Door) -> None:
    for origin in ("https://evil.lan", "null", f"{ELSEWHERE}.evil.lan"):
        async with door.client(Origin=origin) as client:
            assert "access-control-allow-origin" not in (await client.get("/api/healthz")).headers


async def test_a_cookie_does_not_help_a_named_origin(door: Door) -> None:
    async with door.browser() as client:
        await door.sign_in(client)
        refused = await client.post(
            "/api/things", json={"size": 1}, headers={"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"}
        )
        allowed = await client.post("/api/things", json={"size": 1}, headers={"Origin": ORIGIN})
    assert (refused.status_code, allowed.status_code) == (403, 200)


@pytest.mark.parametrize("origin", ["*", "null", "https://tools.lan/", "https://a b"])
def test_what_is_no_origin_cannot_be_set(origin: str) -> None:
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(cors_origins=(origin,))


# --- documentation -----------------------------------------------------------------------------------------------


async def test_the_interactive_documentation_is_our_own_page(tmp_path: Path) -> None:
    (tmp_path / "docs.html").write_text("<title>API</title>")
    app = FastAPI()
    app.include_router(reference.documentation(tmp_path), prefix="/api")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        answer = await client.get("/api/docs")
        assert answer.headers["content-type"].startswith("text/html")
        (tmp_path / "docs.html").unlink()
        assert (await client.get("/api/docs")).status_code == 503
    assert "API" in answer.text


async def test_every_group_of_the_document_is_explained(small_world: World) -> None:
    document = small_world.app().openapi()
    explained = {tag["name"] for tag in document["tags"]}
    used = {tag for path in document["paths"].values() for call in path.values() for tag in call.get("tags", ())}
    assert used == explained
