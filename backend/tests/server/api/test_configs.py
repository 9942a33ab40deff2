"""Configurations over HTTP: versions, activation, and a key that no answer and no log line ever shows."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog

from opm.server.core.logging import configure
from opm.server.core.settings import LogSettings
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
