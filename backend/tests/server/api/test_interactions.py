"""Asking and telling over HTTP: answers in their form, once, and everything that waits in one list."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from opm.server.features.interactions.schemas import Attention, Interaction
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish


class Desk:
    def __init__(self, room: Room, client: httpx.AsyncClient) -> None:
        self.room = room
        self.client = client
        self.card = f"/projects/{room.project.slug}/tasks/{room.tasks['working']}"

    async def answer(self, kind: str, body: Any, ask: UUID | None = None) -> httpx.Response:
        return await self.client.post(f"{self.card}/{kind}s/{ask or self.room.asks[kind]}", json=body)


@pytest.fixture
async def desk(small_world: World) -> AsyncIterator[Desk]:
    room = await furnish(small_world)
    async with small_world.client(small_world.app(), room.owner) as client:
        yield Desk(room, client)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("permission", {"reply": "once"}),
        ("permission", {"reply": "always"}),
        ("permission", {"reply": "reject", "message": "use make"}),
        ("question", {"answers": [["Green", "Blue"]]}),
        ("question", {"reject": True}),
        ("question", {"answers": []}),
    ],
)
async def test_an_ask_is_answered_once(desk: Desk, kind: str, body: dict[str, Any]) -> None:
    answer = await desk.answer(kind, body)
    assert answer.status_code == 202, answer.text
    row = Interaction.model_validate_json(answer.content)
    assert (row.state, row.user_id) == ("sent", desk.room.owner.user_id)
    assert row.answer is not None
    assert body.items() <= row.answer.items()
    assert fault(await desk.answer(kind, body), 409)["details"] == {"state": "sent"}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("permission", {}, "body.reply"),
        ("permission", {"reply": "yes"}, "body.reply"),
        ("permission", {"reply": "once", "message": 7}, "body.message"),
        ("permission", {"reply": "reject", "message": "a\0b"}, "body.message"),
        ("question", {"answers": "Green"}, "body.answers"),
        ("question", {"answers": [["a"]] * 51}, "body.answers"),
        ("question", {"answers": [["\0"]]}, "body.answers"),
        ("question", {"reply": "once"}, "body.reply"),
    ],
)
async def test_an_answer_that_is_none_is_refused(desk: Desk, kind: str, body: Any, field: str) -> None:
    assert fault(await desk.answer(kind, body), 400)["details"]["field"] == field
    assert (await desk.answer(kind, {"reply": "once"} if kind == "permission" else {})).status_code == 202


async def test_kinds_are_not_mixed_up(desk: Desk) -> None:
    fault(await desk.answer("permission", {"reply": "once"}, desk.room.asks["question"]), 404)
    fault(await desk.answer("question", {"answers": []}, desk.room.asks["permission"]), 404)


async def test_the_exchange_is_listed_in_order(desk: Desk) -> None:
    first = (await desk.client.get(f"{desk.card}/interactions", params={"limit": 2})).json()
    rest = (
        await desk.client.get(f"{desk.card}/interactions", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    rows = [Interaction.model_validate(row) for row in (*first["items"], *rest["items"])]
    assert [(row.sequence_number, row.kind, row.state) for row in rows] == [
        (1, "prompt", "answered"),
        (2, "permission", "pending"),
        (3, "question", "pending"),
    ]
    assert rest["next_cursor"] is None


async def test_what_waits_is_one_list(desk: Desk) -> None:
    page = (await desk.client.get("/attention")).json()
    waiting = [Attention.model_validate(item) for item in page["items"]]
    assert [(one.kind, one.task_title) for one in waiting] == [
        ("permission", "Working"),
        ("question", "Working"),
        ("failed", "Review"),
    ]
    assert page["next_cursor"] is None
    await desk.answer("permission", {"reply": "once"})
    assert [item["kind"] for item in (await desk.client.get("/attention")).json()["items"]] == ["question", "failed"]
