"""Runs looked back at over HTTP: found, taken along, repeated, deleted."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from opm.server.db.models import Interaction, SessionEvent
from opm.wire.events import Output
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish


@pytest.fixture
async def room(world: World) -> Room:
    return await furnish(world)


@pytest.fixture
async def client(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with room.world.client(room.world.app(), room.owner) as client:
        yield client


def base(room: Room) -> str:
    return f"/projects/{room.project.slug}/sessions"


async def found(room: Room, client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get(base(room), params=query)
    assert answer.status_code == 200, answer.text
    return sorted(run["task_title"] for run in answer.json()["items"])


async def test_runs_are_found_by_what_they_are(room: Room, client: httpx.AsyncClient) -> None:
    await client.post(f"/projects/{room.project.slug}/tasks/{room.tasks['todo']}/execute")
    assert await found(room, client) == ["Review", "Todo", "Working"]
    assert await found(room, client, status="failed") == ["Review"]
    assert await found(room, client, status=["failed", "queued"]) == ["Review", "Todo"]
    assert await found(room, client, task=str(room.tasks["working"])) == ["Working"]
    assert await found(room, client, q="rEVIEW") == ["Review"]
    assert await found(room, client, q="100%") == []
    assert await found(room, client, user=str(room.owner.user_id)) == ["Review", "Todo", "Working"]
    assert await found(room, client, user=str(room.project.id)) == []
    assert await found(room, client, since="2999-01-01T00:00:00Z") == []
    assert await found(room, client, until="2999-01-01T00:00:00Z") == ["Review", "Todo", "Working"]
    fault(await client.get(base(room), params={"status": "odd"}), 400)


async def test_a_run_is_repeated_with_its_own_or_the_active_version(room: Room, client: httpx.AsyncClient) -> None:
    slug = room.project.slug
    saved = await client.put(f"/projects/{slug}/config", json={"provider": "demo", "model": "scripted", "steps": 5})
    assert saved.status_code == 200, saved.text
    before = (await client.get(f"{base(room)}/{room.session}")).json()
    again = await client.post(f"{base(room)}/{room.session}/rerun", json={"config": "same"})
    assert again.status_code == 202, again.text
    run = again.json()
    assert (run["rerun_of"], run["prompt"], run["kind"]) == (str(room.session), before["prompt"], "execute")
    assert run["config_version"] == before["config_version"]
    assert run["remote_session_id"] is None
    fault(await client.post(f"{base(room)}/{room.session}/rerun", json={"config": "same"}), 409)
    cancelled = await client.post(f"/projects/{slug}/tasks/{room.tasks['review']}/cancel")
    assert cancelled.json()["status"] == "todo"
    active = (await client.post(f"{base(room)}/{run['id']}/rerun", json={})).json()
    assert active["config_version"] == before["config_version"] + 1
    fault(await client.post(f"{base(room)}/{room.session}/rerun", json={"config": "odd"}), 400)


async def test_an_ended_run_is_deleted_with_what_it_said(room: Room, client: httpx.AsyncClient) -> None:
    slug, card = room.project.slug, room.tasks["review"]
    assert (await client.delete(f"{base(room)}/{room.session}")).status_code == 204
    fault(await client.get(f"{base(room)}/{room.session}"), 404)
    task = (await client.get(f"/projects/{slug}/tasks/{card}")).json()
    assert (task["current_session_id"], task["run"], task["opencode_output"]) == (None, None, None)
    async with room.world.ports.db.session(write=False) as session:
        for model in (SessionEvent, Interaction):
            query = select(func.count()).where(model.session_id == room.session)
            assert (await session.execute(query)).scalar_one() == 0
    (line,) = (await client.get(f"/projects/{slug}/audit", params={"action": "run.delete"})).json()["items"]
    assert line["resource_id"] == str(room.session)


async def test_a_run_at_work_is_not_deleted(room: Room, client: httpx.AsyncClient) -> None:
    task = (await client.get(f"/projects/{room.project.slug}/tasks/{room.tasks['working']}")).json()
    assert fault(await client.delete(f"{base(room)}/{task['current_session_id']}"), 409)["message"]


async def test_a_run_is_taken_along(room: Room, client: httpx.AsyncClient) -> None:
    task = (await client.get(f"/projects/{room.project.slug}/tasks/{room.tasks['working']}")).json()
    at = f"{base(room)}/{task['current_session_id']}/export"
    whole = await client.get(at, params={"format": "json"})
    assert whole.headers["content-disposition"].startswith('attachment; filename="run-')
    document = whole.json()
    assert document["session"]["id"] == task["current_session_id"]
    assert {row["kind"] for row in document["interactions"]} >= {"permission", "question"}
    assert [row["seq"] for row in document["output"]] == list(range(1, document["session"]["last_seq"] + 1))
    text = await client.get(at)
    assert text.headers["content-type"].startswith("text/markdown")
    assert text.text.startswith("# Working\n")
    assert "### Asked: permission" in text.text


async def test_long_output_is_read_in_pieces(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    claim = await world.working(ann, project, (await world.task(ann, project, "Long")).id)
    pieces = [Output(data=f"w{number} ", part_id="p") for number in range(1200)]
    await world.do(lambda s: s.runs.append(claim, pieces))
    async with world.client(world.app(), ann) as client:
        at = f"/projects/{project.slug}/sessions/{claim.session_id}/export"
        assert "w0 w1 " in (text := (await client.get(at)).text)
        assert "w1198 w1199" in text
        output = (await client.get(at, params={"format": "json"})).json()["output"]
    assert [row["event"]["data"] for row in output if row["event"]["type"] == "output"] == [p.data for p in pieces]


async def test_runs_of_a_deleted_card_are_out_of_sight_until_it_is_restored(
    room: Room, client: httpx.AsyncClient
) -> None:
    path = f"/projects/{room.project.slug}"
    run = f"{path}/sessions/{room.session}"
    listed = len((await client.get(f"{path}/sessions")).json()["items"])
    assert (await client.delete(f"{path}/tasks/{room.tasks['review']}")).status_code == 204
    assert len((await client.get(f"{path}/sessions")).json()["items"]) == listed - 1
    for method, place in (("GET", run), ("GET", f"{run}/export"), ("DELETE", run), ("POST", f"{run}/rerun")):
        fault(await client.request(method, place, json={"config": "same"} if method == "POST" else None), 404)
    await client.post(f"{path}/tasks/bulk", json={"ids": [str(room.tasks["review"])], "action": "restore"})
    assert len((await client.get(f"{path}/sessions")).json()["items"]) == listed
    assert (await client.get(f"{run}/export")).status_code == 200
