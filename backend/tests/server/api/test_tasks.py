"""Cards over HTTP: versions as ETags, the board as one list, what boards may offer, texts of every kind."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from opm.server.core.paging import Page
from opm.server.features.tasks.schemas import States, Task
from tests.builders import World
from tests.server.api.rooms import Room, fault, furnish

HARD_TEXTS = [
    "plain",
    "zero\u0000byte",
    "\u0000",
    "tab\there",
    "é ü ß — „Zitat“",
    "日本語 العربية עברית",
    "👩‍👩‍👧 🫖 \U0001f9ea",
    "<script>alert(1)</script>",
    "'; DROP TABLE tasks; --",
    "%s %(x)s {y} \\n \\u0000",
    "\u202eright to left",
    "\ufeff bom",
    "x" * 200,
]


class Board:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.path = ""

    async def add(self, title: str = "Brew", **more: Any) -> dict[str, Any]:
        answer = await self.client.post(self.path, json={"title": title, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def column(self, status: str = "todo") -> list[str]:
        items = (await self.client.get(self.path)).json()["items"]
        return [item["title"] for item in items if item["status"] == status]


@pytest.fixture
async def board(world: World) -> AsyncIterator[Board]:
    async with world.client(world.app(), await world.person("ann")) as client:
        made = Board(client)
        made.path = f"/projects/{(await client.post('/projects', json={'name': 'Tea'})).json()['id']}/tasks"
        yield made


@pytest.fixture
async def room(small_world: World) -> Room:
    return await furnish(small_world)


@pytest.fixture
async def owner(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    async with room.world.client(room.world.app(), room.owner) as client:
        yield client


async def test_a_card_carries_its_version(board: Board) -> None:
    made = await board.client.post(board.path, json={"title": "Brew"})
    path = f"{board.path}/{made.json()['id']}"
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    seen = await board.client.get(path)
    assert (seen.headers["etag"], seen.json()) == ('"1"', made.json())
    patched = await board.client.patch(path, json={"title": "Steep"}, headers={"If-Match": '"1"'})
    assert (patched.status_code, patched.headers["etag"], patched.json()["version"]) == (200, '"2"', 2)


async def test_an_old_version_is_refused_with_the_new_one(board: Board) -> None:
    path = f"{board.path}/{(await board.add())['id']}"
    await board.client.patch(path, json={"title": "A"}, headers={"If-Match": "1"})
    error = fault(await board.client.patch(path, json={"title": "B"}, headers={"If-Match": 'W/"1"'}), 409)
    assert error["type"] == "CONFLICT"
    assert error["details"] == {"version": 2, "current": {"title": "A", "description": "", "file_references": []}}
    for any_version in ({"If-Match": "*"}, {}):
        assert (await board.client.patch(path, json={"title": "C"}, headers=any_version)).status_code == 200


@pytest.mark.parametrize("wrong", ["", '""', "abc", '"-1"', '"1", "2"', "1.5", "²", "9" * 400])
async def test_a_version_that_is_none_is_refused(board: Board, wrong: str) -> None:
    path = f"{board.path}/{(await board.add())['id']}"
    headers = [(b"if-match", wrong.encode())]
    answer = await board.client.patch(path, json={"title": "x"}, headers=headers)
    assert fault(answer, answer.status_code)["status"] in {400, 409}
    assert await board.column() == ["Brew"]


@pytest.mark.parametrize("text", HARD_TEXTS)
async def test_texts_come_back_as_they_went_or_are_refused(board: Board, text: str) -> None:
    answer = await board.client.post(board.path, json={"title": text, "description": text})
    if "\0" in text:
        assert fault(answer, 400)["details"]["field"] == "body.title"
        return
    assert answer.status_code == 201, answer.text
    seen = await board.client.get(f"{board.path}/{answer.json()['id']}")
    assert (seen.json()["title"], seen.json()["description"]) == (text.strip(), text.strip())
    assert (await board.client.get(board.path)).json()["items"][0]["title"] == text.strip()


@pytest.mark.parametrize("body", [b'{"title": "\\ud800"}', b'{"title": "a\\udfffb"}', b'{"title": "\\u0000"}'])
async def test_texts_that_are_none_are_refused(board: Board, body: bytes) -> None:
    answer = await board.client.post(board.path, content=body, headers={"Content-Type": "application/json"})
    assert fault(answer, 400)["type"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("ref", ["%00", "a%00b", "%ff", "..", "%2e%2e", "a%20b", "'", "%F0%9F%AB%96"])
async def test_any_name_of_a_project_is_answered(board: Board, ref: str) -> None:
    fault(await board.client.get(f"/projects/{ref}/tasks"), 404)


@pytest.mark.parametrize("key", ["a0|x", "a\0|00000000-0000-7000-8000-000000000000", "|", "\0"])
async def test_any_cursor_is_answered(board: Board, key: str) -> None:
    cursor = base64.urlsafe_b64encode(key.encode()).decode()
    answer = await board.client.get(board.path, params={"cursor": cursor})
    assert fault(answer, 400)["details"]["field"] == "cursor"


async def test_the_list_is_what_its_document_says(room: Room, owner: httpx.AsyncClient) -> None:
    """It is encoded without the model that documents it, so it is held against that model here."""
    answer = await owner.get(f"/projects/{room.project.slug}/tasks")
    page = Page[Task].model_validate_json(answer.content, strict=False)
    assert answer.json() == page.model_dump(mode="json")
    assert {task.title: (task.status, task.attention) for task in page.items} == {
        "Todo": ("todo", None),
        "Review": ("human_review", "failed"),
        "Working": ("in_progress", "question"),
    }
    for task in page.items:
        single = await owner.get(f"/projects/{room.project.slug}/tasks/{task.id}")
        assert single.json() == task.model_dump(mode="json")


async def test_the_board_is_read_to_its_end(board: Board) -> None:
    for number in range(5):
        await board.add(f"T{number}")
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await board.client.get(board.path, params=params)).json()
        seen += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["T0", "T1", "T2", "T3", "T4"], None)


async def test_cards_are_ordered_and_moved(board: Board) -> None:
    a, b, c = [(await board.add(title))["id"] for title in "ABC"]
    moved = await board.client.post(f"{board.path}/{c}/move", json={"status": "todo", "before": a})
    assert (moved.status_code, moved.headers["etag"]) == (200, f'"{moved.json()["version"]}"')
    assert await board.column() == ["C", "A", "B"]
    error = fault(await board.client.post(f"{board.path}/{b}/move", json={"status": "done"}), 409)
    assert error["details"] == {"source": "todo", "target": "done", "cause": "move", "allowed": []}
    error = fault(await board.client.post(f"{board.path}/{b}/move", json={"status": "todo", "after": b}), 409)
    fault(await board.client.post(f"{board.path}/{b}/move", json={"status": "nowhere"}), 400)
    assert await board.column() == ["C", "A", "B"]


async def test_a_card_at_work_stays(room: Room, owner: httpx.AsyncClient) -> None:
    path = f"/projects/{room.project.slug}/tasks/{room.tasks['working']}"
    assert "cancel" in fault(await owner.delete(path), 409)["message"]
    assert (await owner.get(path)).status_code == 200


async def test_the_states_are_served_as_they_are_checked(owner: httpx.AsyncClient) -> None:
    states = States.model_validate_json((await owner.get("/states")).content)
    assert states.statuses == ["todo", "in_progress", "ai_review", "human_review", "done"]
    assert states.moves == {
        "todo": ["in_progress"],
        "in_progress": ["todo"],
        "ai_review": ["todo", "human_review"],
        "human_review": ["todo", "done"],
        "done": ["todo"],
    }
    assert (states.execute_from, states.feedback_from) == (["todo"], ["ai_review", "human_review"])


async def test_history_is_served_newest_first(room: Room, owner: httpx.AsyncClient) -> None:
    path = f"/projects/{room.project.slug}/tasks/{room.tasks['working']}/events"
    items = (await owner.get(path)).json()["items"]
    assert [item["event_type"] for item in items] == [
        "question_asked",
        "permission_asked",
        "status_changed",
        "created",
    ]
    assert items[2]["metadata"] == {"old": "todo", "new": "in_progress", "cause": "execute"}
    assert [item["actor_name"] for item in items] == [None, None, "ann", "ann"]
