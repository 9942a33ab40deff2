"""Runs over HTTP: given to the agent, queued, cancelled, looked at while they work and afterwards."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from opm.server.db.models import OpencodeSession
from opm.server.features.sessions.schemas import Diff, Session, Verdict
from opm.server.wiring import Scope
from opm.wire.events import Output
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish

DIFF = {"file": "a.txt", "status": "modified", "additions": 1, "deletions": 1, "patch": "-old\n+new\n"}


class Desk:
    def __init__(self, room: Room, client: httpx.AsyncClient) -> None:
        self.room = room
        self.world = room.world
        self.client = client
        self.project = f"/projects/{room.project.slug}"

    def of(self, card: str) -> str:
        return f"{self.project}/tasks/{self.room.tasks[card]}"

    async def post(self, card: str, verb: str, body: Any = None) -> httpx.Response:
        return await self.client.post(f"{self.of(card)}/{verb}", json=body)

    async def diff(self, card: str, **query: Any) -> Diff:
        answer = await self.client.get(f"{self.of(card)}/diff", params=query)
        assert answer.status_code == 200, answer.text
        return Diff.model_validate_json(answer.content)


@pytest.fixture
async def desk(small_world: World) -> AsyncIterator[Desk]:
    room = await furnish(small_world)
    async with small_world.client(small_world.app(), room.owner) as client:
        yield Desk(room, client)


async def test_execute_takes_the_wish_and_shows_the_place(desk: Desk) -> None:
    answer = await desk.post("todo", "execute")
    assert answer.status_code == 202
    run = Session.model_validate_json(answer.content)
    assert (run.status, run.queue_position, run.kind) == ("queued", 1, "execute")
    card = (await desk.client.get(desk.of("todo"))).json()
    assert (card["status"], card["run"]["id"], card["run"]["queue_position"]) == ("in_progress", str(run.id), 1)
    error = fault(await desk.post("todo", "execute"), 409)
    assert error["details"]["allowed"] == []
    assert (await desk.client.get(f"{desk.project}/sessions/{run.id}")).json() == answer.json()


async def test_one_person_has_so_many_streams_of_a_project(desk: Desk) -> None:
    limits, hub = desk.world.ports.settings.limits, desk.world.ports.hub
    owner, project = desk.room.owner.user_id, desk.room.project.id
    with contextlib.ExitStack() as held:
        for _ in range(limits.streams_per_project):
            held.enter_context(hub.seat(owner, limits, project))
        answer = await desk.client.get(f"{desk.of('working')}/output")
        assert fault(answer, 503)["details"] == {"reason": "too_many_streams"}
        assert int(answer.headers["retry-after"]) >= 1


async def test_messages_that_wait_are_together_no_longer_than_a_prompt(desk: Desk) -> None:
    said = {"message": "x" * 150_000}
    first = await desk.post("working", "interactions", said)
    assert first.is_success, first.text
    refused = fault(await desk.post("working", "interactions", said), 409)
    assert refused["details"] == {"reason": "too_much_queued"}
    assert (await desk.post("working", "interactions", {"message": "x" * 100_000})).is_success


async def test_cancel_of_the_queued_is_done_of_the_working_is_wished(desk: Desk) -> None:
    await desk.post("todo", "execute")
    waiting = await desk.post("todo", "cancel")
    assert (waiting.status_code, waiting.json()["status"]) == (202, "todo")
    working = await desk.post("working", "cancel")
    assert (working.status_code, working.json()["status"]) == (202, "in_progress")
    assert fault(await desk.post("review", "cancel"), 409)["details"] == {"status": "human_review"}


async def test_feedback_continues(desk: Desk) -> None:
    answer = await desk.post("review", "interactions", {"message": "  Use green "})
    assert (answer.status_code, answer.json()["kind"], answer.json()["prompt"]) == (202, "feedback", "Use green")
    queued = await desk.post("review", "interactions", {"message": "again"})
    assert (queued.status_code, queued.json()["id"]) == (202, answer.json()["id"])
    fault(await desk.post("todo", "interactions", {"message": "hello"}), 409)
    assert fault(await desk.post("review", "interactions", {"message": " "}), 400)["details"]["field"] == "body.message"


async def test_a_queued_message_is_changed_and_taken_back(desk: Desk) -> None:
    await desk.post("working", "interactions", {"message": "Use green"})
    talk = f"{desk.of('working')}/interactions"
    (queued,) = [row for row in (await desk.client.get(talk)).json()["items"] if row["state"] == "queued"]
    place = f"{talk}/{queued['id']}"
    changed = await desk.client.patch(place, json={"message": "Use blue"})
    assert (changed.status_code, changed.json()["user_prompt"]) == (200, "Use blue")
    fault(await desk.client.patch(place, json={"message": " "}), 400)
    assert (await desk.client.delete(place)).status_code == 204
    assert fault(await desk.client.delete(place), 409)["details"] == {"state": "withdrawn"}
    fault(await desk.post("working", "interactions/send"), 409)


async def test_runs_are_listed_newest_first(desk: Desk) -> None:
    await desk.post("review", "interactions", {"message": "again"})
    own = (await desk.client.get(f"{desk.of('review')}/sessions")).json()["items"]
    assert [(run["kind"], run["status"]) for run in own] == [("feedback", "queued"), ("execute", "failed")]
    first = (await desk.client.get(f"{desk.project}/sessions", params={"limit": 2})).json()
    rest = (
        await desk.client.get(f"{desk.project}/sessions", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    states = [run["status"] for run in (*first["items"], *rest["items"])]
    assert (states, rest["next_cursor"]) == (["queued", "running", "failed"], None)


async def test_a_diff_is_asked_of_the_pod_while_the_agent_works(desk: Desk) -> None:
    assert (await desk.diff("todo")) == Diff(session_id=None, live=False, known=True, files=[])
    world, project_id = desk.world, desk.room.project.id
    working = await desk.diff("working")
    assert (working.live, working.files) == (True, [])
    agent = world.clients.agents[project_id]
    agent.diffs = [DIFF]
    card = await world.card(desk.room.owner, desk.room.project, desk.room.tasks["working"])
    agent.info[f"ses_{card.current_session_id.hex if card.current_session_id else ''}"] = {}
    live = await desk.diff("working")
    assert [file.model_dump() for file in live.files] == [DIFF]
    assert live.known
    agent.down = True
    down = await desk.diff("working")
    assert (down.files, down.known) == ([], False)


async def test_a_diff_that_nobody_could_ask_for_is_not_said_to_be_empty(desk: Desk) -> None:
    world, room = desk.world, desk.room
    other = await world.project(room.owner, "Other")
    for title, remote, known in (("Began", "ses_1", False), ("Never began", None, True)):
        task = await world.task(room.owner, other, title)
        claim = await world.done(room.owner, other, task.id, verdict=Verdict.FAILED, reason="gone", diff=None)
        await world.do(partial(_remote, run=claim.session_id, remote=remote))
        answer = (await desk.client.get(f"/projects/{other.slug}/tasks/{task.id}/diff")).json()
        assert (answer["known"], answer["files"]) == (known, []), title


async def _remote(scope: Scope, run: UUID, remote: str | None) -> None:
    row = await scope.users.uow.session.get(OpencodeSession, run)
    assert row is not None
    row.remote_session_id = remote


async def test_a_diff_stays_when_the_run_has_ended(desk: Desk) -> None:
    world, room = desk.world, desk.room
    other = await world.project(room.owner, "Other")
    task = await world.task(room.owner, other)
    claim = await world.done(room.owner, other, task.id, diff=[DIFF])
    answer = await desk.client.get(f"/projects/{other.slug}/tasks/{task.id}/diff")
    assert answer.json() == {"session_id": str(claim.session_id), "live": False, "known": True, "files": [DIFF]}
    answer = await desk.client.get(f"{desk.of('review')}/diff", params={"session_id": str(claim.session_id)})
    fault(answer, 404)


async def test_output_of_a_run_that_ended_is_read_to_its_end(desk: Desk) -> None:
    world, room = desk.world, desk.room
    other = await world.project(room.owner, "Other")
    task = await world.task(room.owner, other)
    claim = await world.working(room.owner, other, task.id)
    await world.do(lambda s: s.runs.append(claim, [Output(data="Hel", part_id="p"), Output(data="lo", part_id="p")]))
    await world.finish(claim)
    path = f"/projects/{other.slug}/tasks/{task.id}/output"
    whole = await desk.client.get(path)
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert [line for line in whole.text.splitlines() if line.startswith(("id:", "event:"))] == [
        "id: 1",
        "event: output",
        "id: 2",
        "event: output",
        "id: 3",
        "event: completion",
        "event: end",
    ]
    for resumed in (
        await desk.client.get(path, headers={"Last-Event-ID": "2"}),
        await desk.client.get(path, params={"after": "2"}),
        await desk.client.get(path, params={"session_id": str(claim.session_id), "after": "2"}),
    ):
        assert "id: 3\n" in resumed.text
        assert "id: 2\n" not in resumed.text
    assert fault(await desk.client.get(f"{desk.of('todo')}/output"), 404)["details"] == {"reason": "no_run"}
