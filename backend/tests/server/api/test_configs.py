"""Configurations over HTTP: versions, activation, and a key that no answer and no log line ever shows."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from opm.server.core.logging import configure
from opm.server.core.settings import LogSettings
from opm.server.db.models import AuditLog
from opm.server.features.configs.schemas import Config, ProviderKind
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish

KEY = "sk-live-0123456789-abcd"
ANTHROPIC = {"provider": "anthropic", "model": "claude-sonnet-4-5"}


class Desk:
    def __init__(self, room: Room, client: httpx.AsyncClient) -> None:
        self.client = client
        self.project = f"/projects/{room.project.slug}"

    async def save(self, **body: Any) -> httpx.Response:
        return await self.client.put(f"{self.project}/config", json=ANTHROPIC | body)


@pytest.fixture
async def desk(small_world: World) -> AsyncIterator[Desk]:
    room = await furnish(small_world)
    async with small_world.client(small_world.app(), room.owner) as client:
        yield Desk(room, client)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log as an operator would keep it."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure(LogSettings(level="DEBUG", format="json"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


async def test_versions_are_saved_listed_and_taken_up_again(desk: Desk) -> None:
    saved = await desk.save(api_key=KEY, instructions="Be brief", permissions={"bash": "ask"})
    assert saved.status_code == 200, saved.text
    config = Config.model_validate_json(saved.content)
    assert (config.version, config.is_active, config.api_key_set, config.api_key_last4) == (2, True, True, "abcd")
    assert (await desk.client.get(f"{desk.project}/config")).json() == saved.json()
    await desk.save(temperature=0.5)
    listed = (await desk.client.get(f"{desk.project}/config/versions", params={"limit": 2})).json()
    assert [item["version"] for item in listed["items"]] == [3, 2]
    assert listed["next_cursor"]
    activated = await desk.client.post(f"{desk.project}/config/versions/1/activate")
    assert (activated.status_code, activated.json()["provider"]) == (200, "demo")
    assert (await desk.client.get(f"{desk.project}/config")).json()["version"] == 1


async def test_what_is_missing_is_named(desk: Desk) -> None:
    error = fault(await desk.save(), 400)
    assert (error["details"]["field"], error["details"]["reason"]) == ("api_key", "required")
    assert fault(await desk.save(api_key=KEY, base_url="nowhere"), 400)["details"]["field"] == "body.base_url"
    assert fault(await desk.save(api_key=KEY, temperature=3), 400)["details"]["field"] == "body.temperature"
    fault(await desk.client.post(f"{desk.project}/config/versions/9/activate"), 404)


async def test_the_key_is_nowhere_to_be_read(desk: Desk, lines: io.StringIO) -> None:
    """Neither in answers, refusals included, nor in the log."""
    said = [
        await desk.save(api_key=KEY),
        await desk.save(instructions="x"),
        await desk.save(api_key=KEY, temperature=9),
        await desk.save(api_key=[KEY]),
        await desk.save(api_key=KEY, **{KEY: 1}),
        await desk.save(api_key=KEY * 300),
        await desk.client.get(f"{desk.project}/config"),
        await desk.client.get(f"{desk.project}/config/versions"),
        await desk.client.get(f"{desk.project}/audit"),
        await desk.client.get("/projects"),
    ]
    text = "".join(answer.text for answer in said if answer is not said[4])
    assert KEY not in text
    assert [answer.status_code for answer in said[:6]] == [200, 200, 400, 400, 400, 400]
    log = lines.getvalue()
    assert KEY not in log
    assert json.loads(log.splitlines()[0])["event"] == "request"


async def test_providers_say_what_they_need(desk: Desk) -> None:
    kinds = [ProviderKind.model_validate(kind) for kind in (await desk.client.get("/providers")).json()]
    needs = {kind.id: kind.needs_key for kind in kinds}
    assert needs["anthropic"]
    assert needs["openai"]
    assert not needs["demo"]
    assert not needs["openai-compatible"]


async def test_the_audit_log_tells_of_keys_without_showing_them(desk: Desk) -> None:
    await desk.save(api_key=KEY)
    items = (await desk.client.get(f"{desk.project}/audit")).json()["items"]
    assert (items[0]["action"], items[0]["details"]) == ("secret.set", {"provider": "anthropic"})
    assert items[0]["ip_address"] == "127.0.0.1"


async def test_the_pod_runs_its_version_until_the_next_run(desk: Desk) -> None:
    async def state() -> Any:
        return (await desk.client.get(f"{desk.project}/config/state")).json()

    assert await state() == {"active_version": 1, "pod_version": 1, "pending": False}
    await desk.save(api_key=KEY)
    assert await state() == {"active_version": 2, "pod_version": 1, "pending": True}
    await desk.client.post(f"{desk.project}/config/versions/1/activate")
    assert (await state())["pending"] is False


async def test_an_address_inside_is_refused_at_saving_and_at_testing(small_world: World) -> None:
    strict = World(small_world.ports.db, small_world.ports.settings.data_dir, providers={"allow_private": "never"})
    strict.names["inside.example"] = ["10.0.0.1"]
    room = await furnish(strict)
    async with strict.client(strict.app(), room.owner) as client:
        desk = Desk(room, client)
        for url in ("https://inside.example/v1", "http://127.0.0.1:11434/v1"):
            assert fault(await desk.save(api_key=KEY, base_url=url), 400)["details"]["field"] == "base_url"
            body = ANTHROPIC | {"api_key": KEY, "base_url": url}
            fault(await client.post(f"{desk.project}/config/test", json=body), 400)
        assert (await desk.save(api_key=KEY, base_url="https://public.example/v1")).status_code == 200
    assert "10.0.0.1" not in str(await strict.rows(AuditLog))


async def test_a_test_uses_the_stored_key_and_says_so_in_the_audit_log(desk: Desk) -> None:
    heard: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(dict(request.headers))
        return web.json_response({"error": {"message": "no such model"}}, status=404)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        body = {"provider": "openai-compatible", "model": "m", "base_url": str(server.make_url("/v1"))}
        await desk.save(**body, api_key=KEY)
        said = await desk.client.post(f"{desk.project}/config/test", json=body)
    result = said.json()
    assert (said.status_code, result["ok"], result["status"], result["message"]) == (200, False, 404, "no such model")
    assert heard[0]["Authorization"] == f"Bearer {KEY}"
    items = (await desk.client.get(f"{desk.project}/audit")).json()["items"]
    assert (items[0]["action"], items[0]["details"]) == ("secret.used", {"purpose": "test"})
    assert [
        version["version"] for version in (await desk.client.get(f"{desk.project}/config/versions")).json()["items"]
    ] == [2, 1]


async def test_models_come_from_the_pod_while_it_runs(desk: Desk, small_world: World) -> None:
    found = (await desk.client.get(f"{desk.project}/config/models")).json()
    assert found["source"] == "pod"
    (offer,) = [model for model in found["models"] if model["source"] == "pod"]
    assert (offer["model"], offer["context"], offer["price_input"]) == ("scripted", 8192, 0.0)
    assert "claude-sonnet-4-5" in {model["model"] for model in found["models"]}
    for pod in list(small_world.runtime.pods):
        await small_world.runtime.stop(pod)
    found = (await desk.client.get(f"{desk.project}/config/models")).json()
    assert found["source"] == "suggestions"
    assert {model["source"] for model in found["models"]} == {"suggestion"}
