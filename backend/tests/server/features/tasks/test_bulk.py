"""Cards deleted, restored, moved and searched many at a time."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from opm.server.core.actor import Actor
from opm.server.core.errors import Invalid, NotFound
from opm.server.core.paging import PageRequest
from opm.server.db.models import Task, TaskEvent
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.tasks.schemas import Bulk, BulkResults, MoveTask, TaskFilter
from opm.server.features.tasks.states import TaskStatus
from opm.server.wiring import Scope
from tests.builders import World


class Desk:
    def __init__(self, world: World, ann: Actor, project: ProjectSummary) -> None:
        self.world, self.ann, self.project = world, ann, project

    async def bulk(self, action: str, ids: list[Any], **more: Any) -> BulkResults:
        body = Bulk.model_validate({"action": action, "ids": ids} | more)
        return await self.world.do(lambda s: s.bulk.change(self.ann, self.project.slug, body))

    async def found(self, **wanted: Any) -> list[str]:
        page = await self.world.do(
            lambda s: s.tasks.board(self.ann, self.project.slug, PageRequest(), TaskFilter.model_validate(wanted)),
            write=False,
        )
        return [card["title"] for card in page["items"]]

    async def deleted(self, limit: int = 50) -> list[list[str]]:
        request, pages = PageRequest(limit=limit), list[list[str]]()
        while True:
            page = await self.world.do(
                partial(lambda s, r: s.tasks.deleted(self.ann, self.project.slug, r), r=request), write=False
            )
            pages.append([card.title for card in page.items])
            if page.next_cursor is None:
                return pages
            request = PageRequest(limit=limit, cursor=page.next_cursor)


@pytest.fixture
async def desk(world: World) -> Desk:
    ann = await world.person("ann")
    return Desk(world, ann, await world.project(ann))


async def test_deleted_cards_are_listed_by_pages_until_they_are_restored(desk: Desk) -> None:
    cards = [await desk.world.task(desk.ann, desk.project, title) for title in ("One", "Two", "Three")]
    elsewhere = await desk.world.task(desk.ann, await desk.world.project(desk.ann, "Other"), "Elsewhere")
    for card in (cards[1], cards[0], cards[2]):
        desk.world.clock.pass_by(seconds=1)
        await desk.bulk("delete", [card.id])
    await desk.bulk("delete", [elsewhere.id])
    assert await desk.deleted(limit=2) == [["Three", "One"], ["Two"]]
    await desk.bulk("restore", [cards[0].id])
    assert await desk.deleted() == [["Three", "Two"]]
    with pytest.raises(Invalid):
        await desk.world.do(lambda s: s.tasks.deleted(desk.ann, desk.project.slug, PageRequest(cursor="eHg=")))
    bob = await desk.world.person("bob")
    with pytest.raises(NotFound):
        await desk.world.do(lambda s: s.tasks.deleted(bob, desk.project.slug, PageRequest()))


async def test_a_deleted_card_is_out_of_sight_and_can_be_restored(desk: Desk) -> None:
    one = await desk.world.task(desk.ann, desk.project, "One")
    two = await desk.world.task(desk.ann, desk.project, "Two")
    answered = await desk.bulk("delete", [one.id, one.id])
    assert [(r.id, r.task, r.error) for r in answered.results] == [(one.id, None, None)]
    assert await desk.world.board(desk.ann, desk.project) == {"todo": ["Two"]}
    summary = await desk.world.do(lambda s: s.projects.summary(desk.ann, desk.project.slug), write=False)
    assert summary.task_counts == {"todo": 1}
    with pytest.raises(NotFound):
        await desk.world.card(desk.ann, desk.project, one.id)
    back = await desk.bulk("restore", [one.id, two.id])
    assert [r.error is None for r in back.results] == [True, False]
    assert await desk.world.board(desk.ann, desk.project) == {"todo": ["One", "Two"]}
    changes = [getattr(e, "change", None) for e in desk.world.announced("task_changed")]
    assert changes == ["created", "created", "deleted", "created"]


async def reviewed(desk: Desk, titles: str) -> dict[str, UUID]:
    """Cards that a human may move."""
    ids = {title: (await desk.world.task(desk.ann, desk.project, title)).id for title in titles}
    for card in ids.values():
        await desk.world.done(desk.ann, desk.project, card)
    return ids


async def order_of(desk: Desk, status: str = "ai_review") -> str:
    return "".join((await desk.world.board(desk.ann, desk.project)).get(status, []))


async def test_undo_puts_cards_back_between_their_neighbours(desk: Desk) -> None:
    ids = await reviewed(desk, "ABCDE")
    chosen = [ids[title] for title in "DBA"]
    await desk.bulk("move", chosen, status="human_review")
    assert (await order_of(desk), await order_of(desk, "human_review")) == ("CE", "DBA")
    undone = await desk.bulk("undo", chosen)
    assert [result.error for result in undone.results] == [None] * 3
    assert await order_of(desk) == "ABCDE"


async def test_undo_of_a_single_move_and_of_a_place_that_was_taken(desk: Desk) -> None:
    world = desk.world
    ids = await reviewed(desk, "ABC")
    move = MoveTask(status=TaskStatus.HUMAN_REVIEW)
    await world.do(lambda s: s.tasks.move(desk.ann, desk.project.slug, ids["B"], move))
    (step,) = [row for row in await world.rows(TaskEvent) if row.data.get("cause") == "move"]

    async def take_the_place(scope: Scope) -> None:
        card = await scope.tasks.locked(ids["C"])
        assert card is not None
        card.rank = step.data["old_rank"]

    await world.do(take_the_place)
    await desk.bulk("undo", [ids["B"]])
    assert await order_of(desk) == "ABC"
    assert len({row.rank for row in await world.rows(Task)}) == 3


async def test_after_thirty_days_a_deleted_card_is_gone(desk: Desk) -> None:
    one = await desk.world.task(desk.ann, desk.project)
    await desk.world.task(desk.ann, desk.project)
    await desk.bulk("delete", [one.id])
    await desk.world.do(lambda s: s.tasks.purge())
    assert len(await desk.world.rows(Task)) == 2
    desk.world.clock.pass_by(days=30)
    assert (await desk.bulk("restore", [one.id])).results[0].error is not None
    await desk.world.do(lambda s: s.tasks.purge())
    assert len(await desk.world.rows(Task)) == 1


async def test_each_card_is_done_or_refused_for_itself(desk: Desk) -> None:
    ann, project = desk.ann, desk.project
    todo, reviewed, working = [(await desk.world.task(ann, project, t)).id for t in ("A", "B", "C")]
    await desk.world.done(ann, project, reviewed)
    await desk.world.working(ann, project, working)
    moved = await desk.bulk("move", [todo, reviewed, uuid4()], status="human_review")
    assert [r.error.type if r.error else None for r in moved.results] == ["CONFLICT", None, "NOT_FOUND"]
    assert (card := moved.results[1].task) is not None
    assert card.status == "human_review"
    deleted = await desk.bulk("delete", [todo, working])
    assert [r.error.type if r.error else None for r in deleted.results] == [None, "CONFLICT"]
    assert await desk.world.board(ann, project) == {"human_review": ["B"], "in_progress": ["C"]}


async def test_a_move_is_taken_back_once(desk: Desk) -> None:
    card = (await desk.world.task(desk.ann, desk.project)).id
    await desk.world.done(desk.ann, desk.project, card)
    assert (await desk.bulk("undo", [card])).results[0].error is not None  # the agent moved it, not a human
    await desk.bulk("move", [card], status="todo")
    back = (await desk.bulk("undo", [card])).results[0]
    assert back.task is not None
    assert back.task.status == "ai_review"
    assert (await desk.bulk("undo", [card])).results[0].error is not None


async def test_a_neighbour_s_cards_are_not_there(desk: Desk) -> None:
    bob = await desk.world.person("bob")
    his = await desk.world.project(bob)
    card = await desk.world.task(bob, his)
    result = (await desk.bulk("delete", [card.id])).results[0]
    assert result.error is not None
    assert result.error.type == "NOT_FOUND"
    assert await desk.world.board(bob, his) == {"todo": ["Brew"]}


@pytest.mark.parametrize("body", [{"action": "move"}, {"action": "delete", "status": "done"}, {"action": "burn"}])
def test_a_column_belongs_to_a_move(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Bulk.model_validate({"ids": [uuid4()], **body})


@pytest.mark.parametrize(
    ("q", "titles"),
    [("ÜBER", ["Über 100% tea"]), ("100%", ["Über 100% tea"]), ("0_", []), ("_", ["snake_case"]), ("\\", ["a\\b"]),
     ("pot", ["snake_case"]), ("nothing", [])],
)  # fmt: skip
async def test_cards_are_found_by_words(desk: Desk, q: str, titles: list[str]) -> None:
    await desk.world.task(desk.ann, desk.project, "Über 100% tea")
    await desk.world.task(desk.ann, desk.project, "snake_case", description="In the POT")
    await desk.world.task(desk.ann, desk.project, "a\\b")
    assert await desk.found(q=q) == titles


async def test_cards_are_found_by_what_they_are(desk: Desk) -> None:
    todo, reviewed = [(await desk.world.task(desk.ann, desk.project, t)).id for t in ("Todo", "Reviewed")]
    await desk.world.done(desk.ann, desk.project, reviewed)
    assert todo != reviewed
    assert await desk.found(needs_you=True) == ["Reviewed"]
    assert await desk.found(needs_you=False) == ["Todo"]
    assert await desk.found(status=["todo", "done"]) == ["Todo"]
    assert await desk.found(author=desk.ann.user_id) == ["Todo", "Reviewed"]
    assert await desk.found(author=uuid4()) == []
