"""The whole surface, walked along its own document: strangers get in nowhere, and nobody into another's project."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from opm.server.api.middleware import DATA_SECURITY_POLICY
from opm.server.db.base import Base
from tests.builders import World
from tests.server.api.rooms import CALLS, Room, document, fault, furnish

OPEN_TO_ALL = {
    "get_methods",
    "launch",
    "oidc_login",
    "oidc_callback",
    "oidc_backchannel_logout",
    "refresh",
    "logout",
    "healthz",
    "readyz",
}
MISSING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def room(small_world: World) -> Room:
    return await furnish(small_world)


@pytest.fixture
def app(room: Room) -> FastAPI:
    return room.world.app()


@pytest.fixture
async def owner(room: Room, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    await room.world.administers(room.owner)
    async with room.world.client(app, room.owner) as client:
        yield client


def operations() -> Iterator[tuple[str, str, str]]:
    """Name, method and path of everything that is documented."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path


async def ask(client: httpx.AsyncClient, method: str, path: str, name: str) -> httpx.Response:
    call = CALLS[name]
    if call.content is None:
        return await client.request(method, path, json=call.body, params=call.query)
    headers = {"Content-Type": "application/octet-stream"}
    return await client.request(method, path, content=call.content, params=call.query, headers=headers)


def test_every_operation_inside_a_project_is_tried_here() -> None:
    assert {name for name, _, path in operations() if "{project}" in path} == set(CALLS)


def test_operations_have_names_of_their_own() -> None:
    names = [name for name, _, _ in operations()]
    assert len(names) == len(set(names)) > 40


async def test_strangers_get_in_nowhere(room: Room, app: FastAPI) -> None:
    async with room.world.client(app) as stranger:
        for name, method, path in operations():
            known = room.path(path, name if name in CALLS else "get_project")
            guessed = path.removeprefix("/api").replace("{version}", "1").replace("{", "").replace("}", "")
            for place in (known, guessed):
                answer = await stranger.request(method, place)
                if name in OPEN_TO_ALL:
                    assert answer.status_code != 404 or name.startswith("oidc_"), "no provider is configured here"
                else:
                    error = fault(answer, 401)
                    assert error["type"] == "UNAUTHORIZED"
                    assert answer.headers["www-authenticate"] == "Bearer"
        assert (await stranger.get("/openapi.json")).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c", "bearer  "])
async def test_a_wrong_token_is_none(room: Room, app: FastAPI, header: str) -> None:
    async with room.world.client(app) as stranger:
        fault(await stranger.get("/projects", headers={"Authorization": header}), 401)


async def everything(world: World) -> list[str]:
    """All rows of all tables, as text."""
    found: list[str] = []
    for mapper in sorted(Base.registry.mappers, key=lambda m: m.class_.__name__):
        found += [values(row) for row in await world.rows(mapper.class_)]
    return found


def values(row: Base) -> str:
    return repr(sorted((name, repr(value)) for name, value in vars(row).items() if name != "_sa_instance_state"))


async def test_nobody_gets_into_anothers_project(room: Room, app: FastAPI) -> None:
    world = room.world
    bob = await world.person("bob")
    before = await everything(world)
    async with world.client(app, bob) as client:
        for name, method, path in operations():
            if name not in CALLS:
                continue
            foreign = fault(await ask(client, method, room.path(path, name), name), 404)
            by_slug = fault(await ask(client, method, room.path(path, name, project=room.project.slug), name), 404)
            unknown = fault(await ask(client, method, room.path(path, name, project=MISSING), name), 404)
            # what is there and what is not cannot be told apart
            assert foreign["message"] == by_slug["message"] == unknown["message"] == "There is no such project."
            assert foreign["type"] == "NOT_FOUND"
        assert (await client.get("/projects")).json()["items"] == []
        assert (await client.get("/attention")).json()["items"] == []
    assert await everything(world) == before
    assert set(world.runtime.pods) == {room.project.id}
    assert world.clients.workspaces[room.project.id].content_of == {"a.txt": b"old"}


async def test_a_card_of_mine_opens_nothing_in_anothers_project(room: Room, app: FastAPI) -> None:
    """My own project in the address, their card, run or ask behind it."""
    world = room.world
    bob = await world.person("bob")
    mine = await world.project(bob, "Mine")
    before = await everything(world)
    async with world.client(app, bob) as client:
        for name, method, path in operations():
            if any(part in path for part in ("{task}", "{session}", "{interaction}")):
                fault(await ask(client, method, room.path(path, name, project=mine.slug), name), 404)
    assert await everything(world) == before


@pytest.mark.parametrize("name", sorted(CALLS))
async def test_the_owner_gets_everywhere(room: Room, owner: httpx.AsyncClient, name: str) -> None:
    """The same questions that strangers were refused, so that a refusal above means what it says."""
    (method, path) = next((method, path) for found, method, path in operations() if found == name)
    answer = await ask(owner, method, room.path(path, name), name)
    assert answer.status_code == CALLS[name].status, answer.text
    if answer.status_code >= 400:
        fault(answer, CALLS[name].status)
    if answer.status_code == 204:
        assert answer.content == b""


DOWNLOADS = ("get_content", "get_original", "get_archive", "export_audit", "export_session")


@pytest.mark.parametrize("name", DOWNLOADS)
async def test_what_is_taken_along_is_no_page_of_ours(room: Room, owner: httpx.AsyncClient, name: str) -> None:
    (method, path) = next((method, path) for found, method, path in operations() if found == name)
    answer = await ask(owner, method, room.path(path, name), name)
    assert answer.headers["content-security-policy"] == DATA_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"


PARTS = ("task", "session", "interaction", "version")


@pytest.mark.parametrize("part", PARTS)
async def test_what_does_not_exist_is_not_there(room: Room, owner: httpx.AsyncClient, part: str) -> None:
    tried = 0
    for name, method, path in operations():
        if f"{{{part}}}" in path:
            missing: Any = {part: 999 if part == "version" else uuid4()}
            place = room.path(path, name, **missing)
            assert fault(await ask(owner, method, place, name), 404)["type"] == "NOT_FOUND"
            tried += 1
    assert tried


@pytest.mark.parametrize("part", PARTS)
async def test_what_is_no_id_is_said_to_be_none(room: Room, owner: httpx.AsyncClient, part: str) -> None:
    for name, method, path in operations():
        if f"{{{part}}}" in path:
            error = fault(await ask(owner, method, room.path(path, name, **{part: "nothing"}), name), 400)
            assert error["details"]["field"] == f"path.{part}"


async def test_every_list_is_paged_and_refuses_what_is_no_page(room: Room, owner: httpx.AsyncClient) -> None:
    paged = 0
    for name, method, path in operations():
        names = {p["name"] for p in document()["paths"][path][method.lower()].get("parameters", [])}
        if not {"cursor", "limit"} <= names:
            continue
        paged += 1
        place = room.path(path, name if name in CALLS else "get_project")
        assert set((await owner.get(place, params={"limit": 1})).json()) == {"items", "next_cursor"}
        for wrong in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "nonsense"}, {"cursor": "x" * 501}):
            assert fault(await owner.get(place, params=wrong), 400)["type"] == "VALIDATION_ERROR"
    assert paged >= 8


async def test_bodies_of_any_shape_are_answered(room: Room, owner: httpx.AsyncClient) -> None:
    shapes: list[Any] = [None, [], "x", 7, True, {"unknown": 1}, {"": None}, {"title": ["x"]}, [[[[]]]]]
    raw = [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 5000, b"null"]
    for name, method, path in operations():
        if name not in CALLS or CALLS[name].body is None:
            continue
        for shape in shapes:
            fault(await owner.request(method, room.path(path, name), json=shape), 400)
        for body in raw:
            json = {"Content-Type": "application/json"}
            status = 413 if body.startswith(b"[[") else 400
            fault(await owner.request(method, room.path(path, name), content=body, headers=json), status)


async def test_wrong_methods_and_addresses_are_refused_in_the_same_form(owner: httpx.AsyncClient) -> None:
    assert fault(await owner.put("/projects", json={}), 405)["type"] == "VALIDATION_ERROR"
    assert fault(await owner.get("/nowhere"), 404)["type"] == "NOT_FOUND"
    assert fault(await owner.get("/projects/x/y/z"), 404)["message"] == "There is nothing at this address."


def test_the_document_tells_how_errors_look() -> None:
    for methods in document()["paths"].values():
        for operation in methods.values():
            for kind in ("4XX", "5XX"):
                schema = operation["responses"][kind]["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/ErrorBody")


def bodies() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Of each JSON body that is sent or answered: where it is, its schema, and its example."""
    schemas = document()["components"]["schemas"]
    for methods in document()["paths"].values():
        for operation in methods.values():
            parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for part, said in parts.items():
                name = said.get("$ref", "").rpartition("/")[2]
                content = (document()["components"]["responses"][name] if name else said).get("content", {})
                body = content.get("application/json", {})
                if "schema" in body:
                    named = schemas.get(body["schema"].get("$ref", "").rpartition("/")[2], {})
                    yield (
                        f"{operation['operationId']} {part}",
                        body["schema"],
                        body.get("example") or named["examples"][0],
                    )


def test_every_body_has_an_example_that_is_one() -> None:
    components = document()["components"]
    seen = 0
    for place, schema, example in bodies():
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": components})
        faults = [f"{fault.message} at {fault.instance_path}" for fault in validator.iter_errors(example)]
        assert faults == [], (place, example)
        seen += 1
    assert seen > 300


def test_every_operation_says_what_it_does_and_to_whom() -> None:
    assert set(document()["components"]["securitySchemes"]) == {"bearer", "session"}
    for methods in document()["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            assert operation.get("description"), name
            assert (operation.get("security") == []) == (name in OPEN_TO_ALL), name
            assert {"400", "503"} <= set(operation["responses"]), name
            answers = [a for status, a in operation["responses"].items() if status.startswith("2") and status != "204"]
            empty = name in {"make_directory", "oidc_backchannel_logout"}
            assert empty or all(answer.get("content") for answer in answers), name
    content = document()["paths"]["/api/projects/{project}/files/content"]["get"]
    assert {"200", "206", "304", "416"} <= set(content["responses"])
    assert {"Range", "If-Range", "If-None-Match"} <= {parameter["name"] for parameter in content["parameters"]}


def test_the_committed_document_is_this_one(app: FastAPI) -> None:
    committed = document()
    made = app.openapi()
    assert committed["paths"].keys() == made["paths"].keys()
    assert committed == json.loads(json.dumps(made)), "stale: run `make generate`"
