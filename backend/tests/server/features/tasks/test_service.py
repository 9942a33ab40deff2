"""Cards as people handle them: made, edited, ordered, moved, deleted, each told to boards and to history."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, Invalid, NotFound, Stale
from opm.server.core.paging import PageRequest, cursor_after
from opm.server.db.models import AuditLog, Task
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.schemas import Verdict
from opm.server.features.tasks import order, schemas
from opm.server.features.tasks.schemas import MoveTask, TaskPatch
from opm.server.features.tasks.states import TaskStatus
from opm.server.wiring import Scope
from tests.builders import World


class Board:
    """One project with cards, handled by their titles."""

    def __init__(self, world: World, ann: Actor, project: ProjectSummary) -> None:
        self.world = world
        self.ann = ann
        self.project = project
        self.ids: dict[str, UUID] = {}

    async def add(self, *titles: str) -> None:
        for title in titles:
            self.ids[title] = (await self.world.task(self.ann, self.project, title)).id

    async def reviewed(self, *titles: str) -> None:
        """Cards that stand in Human review, in this order."""
        await self.add(*titles)
        for title in titles:
            await self.world.done(self.ann, self.project, self.ids[title], verdict=Verdict.FAILED)

    async def move(self, title: str, status: str, after: str | None = None, before: str | None = None) -> schemas.Task:
        move = MoveTask(
            status=TaskStatus(status),
            after=self.ids[after] if after else None,
            before=self.ids[before] if before else None,
        )
        ref = self.project.slug
        return await self.world.do(lambda s: s.tasks.move(self.ann, ref, self.ids[title], move))

    async def patch(self, title: str, /, version: int | None = None, **changes: object) -> schemas.Task:
        patch = TaskPatch.model_validate(changes)
        ref = self.project.slug
        return await self.world.do(lambda s: s.tasks.patch(self.ann, ref, self.ids[title], patch, version))

    async def column(self, status: str = "todo") -> Sequence[str]:
        return (await self.world.board(self.ann, self.project)).get(status, [])

    async def card(self, title: str) -> schemas.Task:
        return await self.world.card(self.ann, self.project, self.ids[title])


@pytest.fixture
async def board(world: World) -> Board:
    ann = await world.person("ann")
    return Board(world, ann, await world.project(ann))


async def test_new_cards_stand_at_the_end(board: Board) -> None:
    await board.add("A", "B", "C")
    assert await board.column() == ["A", "B", "C"]
    card = await board.card("B")
    assert (card.status, card.version, card.run, card.attention) == ("todo", 1, None, None)
    assert card.created_by == board.ann.user_id


@pytest.mark.parametrize(
    ("title", "after", "before", "wanted"),
    [
        ("A", "C", None, "BCAD"),
        ("A", "D", None, "BCDA"),
        ("D", None, "A", "DABC"),
        ("D", "A", "B", "ADBC"),
        ("B", None, "D", "ACBD"),
        ("B", None, None, "ACDB"),
        ("B", "A", None, "ABCD"),
        ("C", "B", "D", "ABCD"),
    ],
)
async def test_a_card_goes_where_it_is_dropped(
    board: Board, title: str, after: str | None, before: str | None, wanted: str
) -> None:
    await board.add(*"ABCD")
    moved = await board.move(title, "todo", after, before)
    assert "".join(await board.column()) == wanted
    assert (await board.card(title)).version == moved.version
    assert board.world.announced("task_status_changed") == []


async def test_between_columns_a_card_finds_its_place_too(board: Board) -> None:
    await board.reviewed("R1", "R2", "R3")
    await board.move("R1", "done")
    await board.move("R2", "done", before="R1")
    await board.move("R3", "done", after="R2")
    assert await board.column("done") == ["R2", "R3", "R1"]


async def test_a_gap_without_room_is_widened(board: Board) -> None:
    await board.add(*"ABCDE")
    tight = (await board.card("B")).rank

    async def crowd(scope: Scope) -> None:
        for title in "CD":
            task = await scope.tasks.locked(board.ids[title])
            assert task is not None
            task.rank = tight

    await board.world.do(crowd)
    await board.move("E", "todo", after="C")
    assert await board.column() == ["A", "B", "C", "E", "D"]
    assert len({task.rank for task in await board.world.rows(Task)}) == 5


async def test_a_gap_can_be_used_for_ever(board: Board) -> None:
    """The narrowest gap there can be is widened before its rank outgrows the table."""
    await board.add(*"ABC")
    low, high = order.spread(2)
    while (rank := order.between(low, high)) is not None:
        low = rank
    narrow = {"A": low, "B": high, "C": high + "V"}

    async def press(scope: Scope) -> None:
        for title, tight in narrow.items():
            task = await scope.tasks.locked(board.ids[title])
            assert task is not None
            task.rank = tight

    await board.world.do(press)
    await board.move("C", "todo", after="A", before="B")
    assert await board.column() == ["A", "C", "B"]
    assert max(len(task.rank) for task in await board.world.rows(Task)) < 10


async def test_a_neighbour_that_left_makes_the_drop_stale(board: Board) -> None:
    await board.add("A", "B")
    await board.reviewed("R")
    for after, before in (("R", None), (None, "R")):
        with pytest.raises(Stale):
            await board.move("A", "todo", after, before)
    with pytest.raises(Stale):
        await board.move("A", "todo", after="A")
    board.ids["gone"] = uuid4()
    with pytest.raises(Stale):
        await board.move("A", "todo", before="gone")
    assert await board.column() == ["A", "B"]


async def test_a_drop_that_is_not_allowed_says_what_is(board: Board) -> None:
    await board.add("A")
    await board.reviewed("R")
    for title, target, allowed in (("A", "done", []), ("A", "in_progress", []), ("R", "ai_review", ["todo", "done"])):
        with pytest.raises(Conflict) as caught:
            await board.move(title, target)
        assert caught.value.details["allowed"] == allowed
    assert (await board.column(), await board.column("human_review")) == (["A"], ["R"])


async def test_boards_are_told_the_version_that_was_saved(board: Board) -> None:
    """Every way into another column: who hears of it can tell whether he has seen the card since."""
    await board.add("A")
    ref, ann, world = board.project.slug, board.ann, board.world
    claim = await world.working(ann, board.project, board.ids["A"])
    steps = [(await board.card("A")).version]
    await world.finish(claim, Verdict.SUCCESS, final_output="done")
    steps.append((await board.card("A")).version)
    steps.append((await board.move("A", "human_review")).version)
    steps.append((await board.move("A", "done")).version)
    steps.append((await board.move("A", "todo")).version)
    await world.execute(ann, board.project, board.ids["A"])
    steps.append((await board.card("A")).version)
    steps.append((await world.do(lambda s: s.sessions.cancel(ann, ref, board.ids["A"]))).version)
    told = [event.model_dump()["version"] for event in world.announced("task_status_changed")]
    assert told == steps
    assert steps == sorted(set(steps))


async def test_a_patch_changes_what_it_names(board: Board) -> None:
    await board.add("A")
    board.world.clock.pass_by(seconds=5)
    patched = await board.patch("A", description="More", file_references=["src/a.py", "ü.md"])
    assert (patched.title, patched.description, patched.file_references) == ("A", "More", ["src/a.py", "ü.md"])
    assert patched.version == 2
    assert patched.updated_at == board.world.clock.now()
    (event,) = [e.model_dump() for e in board.world.announced("task_changed") if e.model_dump()["change"] == "updated"]
    assert event["version"] == 2


async def test_an_edit_of_an_old_version_is_refused_and_shows_the_new_one(board: Board) -> None:
    await board.add("A")
    await board.patch("A", version=1, title="B")
    with pytest.raises(Stale) as caught:
        await board.patch("A", version=1, title="C")
    assert caught.value.details == {"version": 2, "current": {"title": "B", "description": "", "file_references": []}}
    await board.patch("A", version=2, title="C")
    assert (await board.card("A")).title == "C"


async def test_of_many_that_edit_one_version_one_wins(board: Board) -> None:
    await board.add("A")
    tries = [board.patch("A", version=1, title=f"by {n}") for n in range(6)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, schemas.Task)]
    assert len(won) == 1
    assert all(isinstance(answer, Stale) for answer in answers if answer not in won)
    assert (await board.card("A")).title == won[0].title


async def test_a_card_at_work_cannot_be_deleted(board: Board) -> None:
    await board.add("A", "B")
    ref = board.project.slug
    await board.world.execute(board.ann, board.project, board.ids["A"])
    with pytest.raises(Conflict):
        await board.world.do(lambda s: s.tasks.delete(board.ann, ref, board.ids["A"]))
    await board.world.do(lambda s: s.tasks.delete(board.ann, ref, board.ids["B"]))
    assert await board.world.board(board.ann, board.project) == {"in_progress": ["A"]}
    with pytest.raises(NotFound):
        await board.card("B")
    line = (await board.world.rows(AuditLog))[-1]
    assert (line.action, line.details) == ("task.delete", {})


async def test_cards_of_others_are_not_there(board: Board) -> None:
    await board.add("A")
    bob = await board.world.person("bob")
    elsewhere = await board.world.project(bob)
    mine = await board.world.project(board.ann, "Second")
    task_id, ref = board.ids["A"], board.project.slug
    for actor, place in ((bob, ref), (bob, str(board.project.id)), (bob, elsewhere.slug), (board.ann, mine.slug)):
        for call in (
            lambda s, a=actor, p=place: s.tasks.get(a, p, task_id),
            lambda s, a=actor, p=place: s.tasks.patch(a, p, task_id, TaskPatch(title="x"), None),
            lambda s, a=actor, p=place: s.tasks.move(a, p, task_id, MoveTask(status=TaskStatus.TODO)),
            lambda s, a=actor, p=place: s.tasks.delete(a, p, task_id),
            lambda s, a=actor, p=place: s.tasks.history(a, p, task_id, PageRequest()),
        ):
            with pytest.raises(NotFound):
                await board.world.do(call)
    assert (await board.card("A")).title == "A"


async def test_history_tells_what_happened(board: Board) -> None:
    await board.add("A")
    await board.patch("A", title="A2")
    await board.world.done(board.ann, board.project, board.ids["A"], verdict=Verdict.TIMEOUT, reason="too long")
    history = await board.world.do(
        lambda s: s.tasks.history(board.ann, board.project.slug, board.ids["A"], PageRequest()), write=False
    )
    events = history.items[::-1]
    assert [event.event_type for event in events] == ["created", "edited", "status_changed", "status_changed"]
    assert [event.actor_user_id for event in events] == [board.ann.user_id] * 3 + [None]
    last = events[-1].metadata
    assert (last["old"], last["new"], last["cause"]) == ("in_progress", "human_review", "failed")
    assert (last["verdict"], last["reason"]) == ("timeout", "too long")


async def test_the_board_is_paged_in_order_of_rank(board: Board) -> None:
    await board.add(*(f"T{n}" for n in range(7)))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        request = PageRequest(limit=3, cursor=cursor)
        page = await board.world.do(
            lambda s, request=request: s.tasks.board(board.ann, board.project.slug, request), write=False
        )
        seen += [card["title"] for card in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == ([f"T{n}" for n in range(7)], 3)


@pytest.mark.parametrize("cursor", ["%%%", "ä", "AAAA", cursor_after("a0"), cursor_after("a0|x"), cursor_after("")])
async def test_a_cursor_of_somebody_else_is_refused(board: Board, cursor: str) -> None:
    with pytest.raises(Invalid):
        await board.world.do(
            lambda s: s.tasks.board(board.ann, board.project.slug, PageRequest(cursor=cursor)), write=False
        )


async def test_cards_say_what_waits_for_a_human(board: Board) -> None:
    world, ann, project = board.world, board.ann, board.project
    await board.add(*"ABCD")
    await world.done(ann, project, board.ids["A"])
    await world.done(ann, project, board.ids["B"], verdict=Verdict.FAILED, reason="no key")
    claim = await world.working(ann, project, board.ids["C"])
    await world.execute(ann, project, board.ids["D"])
    assert [(await board.card(t)).attention for t in "ABCD"] == ["review", "failed", None, None]
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.QUESTION, "que_1", {"questions": []}))
    asked = await board.card("C")
    assert (asked.attention, asked.asked_at) == ("question", world.clock.now())
    world.clock.pass_by(minutes=3)
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.QUESTION, "que_2", {"questions": []}))
    assert (await board.card("C")).asked_at == asked.asked_at, "the one that waits longest counts"
    queued = (await board.card("D")).run
    assert queued is not None
    assert (queued.status, queued.queue_position) == ("queued", 1)
    failed = (await board.card("B")).run
    assert failed is not None
    assert (failed.verdict, failed.reason, failed.queue_position) == ("failed", "no key", None)
