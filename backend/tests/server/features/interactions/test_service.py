"""Asking and telling: each ask is answered once, in its own way, by its own people, while somebody waits for it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, Invalid, NotFound
from opm.server.core.paging import PageRequest, cursor_after
from opm.server.db.models import AuditLog, Interaction, TaskEvent
from opm.server.features.interactions.schemas import Feedback, InteractionKind
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.sessions.runs import Claim
from opm.server.features.sessions.schemas import Verdict
from opm.server.realtime.bus import run_topic
from tests.builders import World

PERMISSION, QUESTION = InteractionKind.PERMISSION, InteractionKind.QUESTION
BASH = {"permission": "bash", "patterns": ["rm -rf build", "ls"], "metadata": {}, "always": ["rm *"]}
COLOURS = {"questions": [{"question": "Which colour?", "options": []}, {"question": "How large?", "options": []}]}
ONCE = {"reply": "once", "message": None}


class Talk:
    def __init__(self, world: World, ann: Actor, project: ProjectSummary, claim: Claim) -> None:
        self.world = world
        self.ann = ann
        self.project = project
        self.claim = claim

    async def ask(self, kind: InteractionKind = PERMISSION, remote: str = "per_1", **request: Any) -> UUID:
        content = request or (BASH if kind == PERMISSION else COLOURS)
        assert await self.world.do(lambda s: s.runs.asked(self.claim, kind, remote, content))
        return (await self.world.do(lambda s: s.runs.open_asks(self.claim), write=False))[remote]

    async def answer(
        self, ask: UUID, answer: dict[str, Any], kind: InteractionKind = PERMISSION, by: Actor | None = None
    ) -> Any:
        return await self.world.do(
            lambda s: s.interactions.answer(by or self.ann, self.project.slug, self.claim.task_id, ask, kind, answer)
        )

    async def page(self, **request: Any) -> Any:
        return await self.world.do(
            lambda s: s.interactions.page(self.ann, self.project.slug, self.claim.task_id, PageRequest(**request)),
            write=False,
        )


@pytest.fixture
async def talk(world: World) -> Talk:
    ann = await world.person("ann")
    project = await world.project(ann)
    return Talk(world, ann, project, await world.working(ann, project, (await world.task(ann, project)).id))


async def test_an_answer_is_saved_told_and_rung_for(talk: Talk) -> None:
    ask = await talk.ask()
    row = await talk.answer(ask, ONCE)
    assert (row.state, row.answer, row.user_id, row.user_prompt) == ("sent", ONCE, talk.ann.user_id, "once")
    assert row.user_prompt_at == talk.world.clock.now()
    assert talk.world.rung(run_topic(talk.claim.session_id)) == 1
    told = [(e["kind"], e["state"]) for e in (m.model_dump() for m in talk.world.announced("interaction_changed"))]
    assert told == [("prompt", "answered"), ("permission", "pending"), ("permission", "sent")]
    line = (await talk.world.rows(AuditLog))[-1]
    assert (line.action, line.details) == ("permission.decide", {"reply": "once", "permission": "bash"})


@pytest.mark.parametrize(
    ("kind", "answer", "kept"),
    [
        (PERMISSION, {"reply": "reject", "message": "my own words"}, {"reply": "reject"}),
        (QUESTION, {"answers": [["my own words"]], "reject": False}, {"reject": False}),
    ],
)
async def test_the_history_keeps_the_choice_and_no_words(
    talk: Talk, kind: InteractionKind, answer: dict[str, Any], kept: dict[str, Any]
) -> None:
    ask = await talk.ask(kind)
    await talk.answer(ask, answer, kind)
    line = (await talk.world.rows(TaskEvent))[-1]
    assert (line.event_type, line.data) == (f"{kind}_answered", {"interaction": str(ask), **kept})
    assert "my own words" not in str([row.details for row in await talk.world.rows(AuditLog)])


async def test_an_ask_is_answered_once(talk: Talk) -> None:
    ask = await talk.ask()
    answers = await asyncio.gather(*(talk.answer(ask, ONCE) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 4
    with pytest.raises(Conflict) as caught:
        await talk.answer(ask, {"reply": "reject", "message": None})
    assert caught.value.details == {"state": "sent"}
    assert talk.world.rung(run_topic(talk.claim.session_id)) == 1


@pytest.mark.parametrize("expired", [True, False])
async def test_what_the_agent_settled_itself_is_not_answered_any_more(talk: Talk, expired: bool) -> None:
    ask = await talk.ask()
    await talk.world.do(lambda s: s.runs.answered(talk.claim, "per_1", expired=expired))
    with pytest.raises(Conflict) as caught:
        await talk.answer(ask, ONCE)
    assert caught.value.details == {"state": "expired" if expired else "answered"}


async def test_asks_end_with_their_run(talk: Talk) -> None:
    asks = [await talk.ask(), await talk.ask(QUESTION, "que_1"), await talk.ask(remote="per_2")]
    await talk.answer(asks[0], ONCE)
    await talk.world.do(lambda s: s.runs.answered(talk.claim, "per_1"))
    await talk.answer(asks[2], ONCE)
    await talk.world.finish(talk.claim, Verdict.TIMEOUT, final_output="I tried")
    rows = (await talk.page()).items
    assert [row.state for row in rows] == ["answered", "answered", "expired", "expired"]
    assert (rows[0].kind, rows[0].agent_response) == ("prompt", "I tried")
    with pytest.raises(Conflict):
        await talk.answer(asks[1], {"answers": [], "reject": True}, QUESTION)


async def test_the_kinds_are_not_mixed_up(talk: Talk) -> None:
    permission, question = await talk.ask(), await talk.ask(QUESTION, "que_1")
    prompt = (await talk.page()).items[0].id
    for ask, kind in ((permission, QUESTION), (question, PERMISSION), (prompt, PERMISSION), (uuid4(), PERMISSION)):
        with pytest.raises(NotFound):
            await talk.answer(ask, ONCE, kind)
    assert [row.state for row in (await talk.page()).items[1:]] == ["pending", "pending"]


async def test_asks_of_others_and_of_other_cards_are_not_there(talk: Talk) -> None:
    ask = await talk.ask()
    bob = await talk.world.person("bob")
    with pytest.raises(NotFound):
        await talk.answer(ask, ONCE, by=bob)
    other = await talk.world.task(talk.ann, talk.project, "Other")
    with pytest.raises(NotFound):
        await talk.world.do(
            lambda s: s.interactions.answer(talk.ann, talk.project.slug, other.id, ask, PERMISSION, ONCE)
        )
    assert (await talk.world.do(lambda s: s.interactions.attention(bob, PageRequest()), write=False)).items == []


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        (PERMISSION, {"reply": "always", "message": None}, "always"),
        (PERMISSION, {"reply": "reject", "message": "use make"}, "reject: use make"),
        (QUESTION, {"answers": [["Green", "Blue"], ["10 px"]], "reject": False}, "Green, Blue; 10 px"),
        (QUESTION, {"answers": [], "reject": True}, "dismissed"),
    ],
)
async def test_answers_are_kept_in_words_too(
    talk: Talk, kind: InteractionKind, answer: dict[str, Any], words: str
) -> None:
    row = await talk.answer(await talk.ask(kind, "ask_1"), answer, kind)
    assert row.user_prompt == words


async def test_an_exchange_is_numbered_across_runs_and_paged(talk: Talk) -> None:
    await talk.ask()
    await talk.world.finish(talk.claim, final_output="First")
    said = Feedback(message="Once more")
    await talk.world.do(lambda s: s.sessions.feedback(talk.ann, talk.project.slug, talk.claim.task_id, said))
    rows = (await talk.page()).items
    assert [(row.sequence_number, row.kind) for row in rows] == [(1, "prompt"), (2, "permission"), (3, "feedback")]
    assert [row.user_prompt for row in rows] == ["# Brew", None, "Once more"]
    assert rows[2].session_id != rows[0].session_id
    first = await talk.page(limit=2)
    assert [row.sequence_number for row in first.items] == [1, 2]
    rest = await talk.page(limit=2, cursor=first.next_cursor)
    assert ([row.sequence_number for row in rest.items], rest.next_cursor) == ([3], None)


async def test_what_waits_for_a_person_comes_from_all_projects(talk: Talk) -> None:
    world, ann = talk.world, talk.ann
    await talk.ask()
    await talk.ask(QUESTION, "que_1")
    other = await world.project(ann, "Other")
    cards = [(await world.task(ann, other, title)).id for title in ("Fails", "Works", "Waits")]
    await world.done(ann, other, cards[0], verdict=Verdict.FAILED, reason="the key is wrong")
    world.clock.pass_by(minutes=1)
    await world.done(ann, other, cards[1], final_output="It is done")
    await world.execute(ann, other, cards[2])
    waiting = (await world.do(lambda s: s.interactions.attention(ann, PageRequest()), write=False)).items
    assert [(one.kind, one.task_title, one.text) for one in waiting] == [
        ("permission", "Brew", "bash: rm -rf build, ls"),
        ("question", "Brew", "Which colour? How large?"),
        ("failed", "Fails", "the key is wrong"),
        ("review", "Works", "It is done"),
    ]
    assert waiting[0].interaction_id in {row.id for row in await world.rows(Interaction)}
    assert (waiting[2].interaction_id, waiting[2].project_slug, waiting[2].project_name) == (None, "other", "Other")
    await world.do(lambda s: s.sessions.delete_project(ann, other.slug))
    assert len((await world.do(lambda s: s.interactions.attention(ann, PageRequest()), write=False)).items) == 2


async def test_what_waits_is_paged_to_its_end(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    for number in range(3):
        await world.done(ann, project, (await world.task(ann, project, f"Card {number}")).id)
    claim = await world.working(ann, project, (await world.task(ann, project, "Asking")).id)
    for number in range(4):
        ask = f"per_{number}"
        await world.do(lambda s, ask=ask: s.runs.asked(claim, PERMISSION, ask, BASH))
    whole = (await world.do(lambda s: s.interactions.attention(ann, PageRequest()), write=False)).items
    assert [item.kind for item in whole] == ["permission"] * 4 + ["review"] * 3
    for limit in range(1, 8):
        found, request = [], PageRequest(limit=limit)
        while True:
            page = await world.do(lambda s, r=request: s.interactions.attention(ann, r), write=False)
            assert len(page.items) <= limit
            found += page.items
            if page.next_cursor is None:
                break
            request = PageRequest(limit=limit, cursor=page.next_cursor)
        assert found == whole
    for text in ("asks", "asks|now|x", "other|2026-01-01T00:00:00+00:00|" + str(ann.user_id)):
        wrong = PageRequest(cursor=cursor_after(text))
        with pytest.raises(Invalid):
            await world.do(lambda s, r=wrong: s.interactions.attention(ann, r), write=False)
