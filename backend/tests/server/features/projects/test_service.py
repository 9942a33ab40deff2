"""Projects as their owners and strangers find them: names made into addresses, counts, patches, the end."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from opm.server.core.errors import Conflict, NotFound
from opm.server.core.paging import PageRequest
from opm.server.db.models import AuditLog
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.projects.schemas import NewProject, ProjectPatch
from opm.server.features.projects.service import slug_of
from opm.server.features.sessions.schemas import Verdict
from tests.builders import World


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Tea timer", "tea-timer"),
        ("  --Über  Größe!! ", "uber-groe"),
        ("naïve café №5", "naive-cafe-no5"),
        ("日本語", "project"),
        ("🫖", "project"),
        ("a" * 80, "a" * 50),
        ("x" * 49 + " y", "x" * 49),
        ("ﬁne ½", "fine-12"),
        ("\uff21\uff11", "a1"),
    ],
)
def test_slugs_are_made_of_names(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert NewProject(name="n", slug=slug).slug == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a_b", "ä", "a" * 64, "a/b", "a\nb", "."])
def test_slugs_that_are_no_address_are_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        NewProject(name="n", slug=slug)


async def test_a_slug_is_found_that_is_free(world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    names = ["Tea", "tea!", "TEA", "Tea 2", "Tea-4"]
    assert [(await world.project(ann, n)).slug for n in names] == ["tea", "tea-2", "tea-3", "tea-2-2", "tea-4"]
    assert (await world.project(ann, "Tea")).slug == "tea-5"
    assert (await world.project(bob, "Tea")).slug == "tea"


async def test_a_slug_is_never_given_again(world: World) -> None:
    ann = await world.person("ann")
    await world.project(ann, "Tea")
    await world.do(lambda s: s.sessions.delete_project(ann, "tea"))
    assert (await world.project(ann, "Tea")).slug == "tea-2"
    with pytest.raises(Conflict) as caught:
        await world.project(ann, "Other", slug="tea")
    assert caught.value.details["field"] == "slug"
    assert (await world.project(ann, "Other", slug="coffee")).slug == "coffee"


@pytest.mark.parametrize("slug", ["123e4567-e89b-72d3-a456-426614174000", "0" * 32])
async def test_a_slug_that_looks_like_an_id_is_found(small_world: World, slug: str) -> None:
    ann = await small_world.person("ann")
    project = await small_world.project(ann, "Odd", slug=slug)
    found = await small_world.do(lambda s: s.projects.summary(ann, slug), write=False)
    assert found.id == project.id


async def test_a_slug_cannot_hide_a_project_behind_its_id(small_world: World) -> None:
    ann = await small_world.person("ann")
    first = await small_world.project(ann, "First")
    await small_world.project(ann, "Second", slug=str(first.id))
    found = await small_world.do(lambda s: s.projects.summary(ann, str(first.id)), write=False)
    assert found.id == first.id


async def test_a_project_is_found_by_id_and_slug(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    for ref in (project.slug, str(project.id), str(project.id).upper(), project.id.hex):
        assert (await world.do(lambda s, ref=ref: s.projects.summary(ann, ref), write=False)).id == project.id


async def test_what_is_not_mine_is_not_there(world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    project = await world.project(ann)
    calls: list[Any] = [
        lambda s, ref: s.projects.summary(bob, ref),
        lambda s, ref: s.projects.patch(bob, ref, ProjectPatch(name="Mine")),
        lambda s, ref: s.projects.delete(bob, ref),
        lambda s, ref: s.workspaces.start(bob, ref),
        lambda s, ref: s.workspaces.stop(bob, ref),
        lambda s, ref: s.configs.active(bob, ref),
        lambda s, ref: s.audit.page(bob, ref, PageRequest()),
        lambda s, ref: s.tasks.board(bob, ref, PageRequest()),
    ]
    said = set()
    for call in calls:
        for ref in (project.slug, str(project.id), str(uuid4()), "nowhere", "", "%", "' OR 1=1"):
            with pytest.raises(NotFound) as caught:
                await world.do(lambda s, call=call, ref=ref: call(s, ref))
            said.add(caught.value.message)
    assert said == {"There is no such project."}
    assert (await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)).name == "Tea timer"
    assert (await world.do(lambda s: s.projects.page(bob, PageRequest()), write=False)).items == []


async def test_a_patch_changes_what_it_names(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann, description="old")
    world.clock.pass_by(minutes=5)
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(name="Coffee")))
    seen = await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)
    assert (seen.name, seen.slug, seen.description) == ("Coffee", "tea-timer", "old")
    assert seen.updated_at == world.clock.now()
    assert seen.created_at < seen.updated_at
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(description="")))
    seen = await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)
    assert (seen.name, seen.description) == ("Coffee", "")
    assert [event.model_dump()["change"] for event in world.announced("project_changed")] == [
        "created",
        "updated",
        "updated",
    ]


async def test_lists_end(world: World) -> None:
    ann = await world.person("ann")
    made = [(await world.project(ann, f"P {number}")).id for number in range(7)]
    seen, cursor = [], None
    for _ in range(4):
        request = PageRequest(limit=2, cursor=cursor)
        page = await world.do(lambda s, request=request: s.projects.page(ann, request), write=False)
        seen += [project.id for project in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == made[::-1]


async def test_summaries_count_what_a_dashboard_shows(world: World) -> None:
    ann = await world.person("ann")
    project, quiet = await world.project(ann, "Busy"), await world.project(ann, "Quiet")
    tasks = [await world.task(ann, project, f"T{n}") for n in range(5)]
    await world.done(ann, project, tasks[0].id)
    await world.done(ann, project, tasks[1].id, verdict=Verdict.FAILED, reason="no")
    claim = await world.working(ann, project, tasks[2].id)
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.PERMISSION, "per_1", {"permission": "bash"}))
    await world.do(lambda s: s.runs.asked(claim, InteractionKind.QUESTION, "que_1", {"questions": []}))
    await world.execute(ann, project, tasks[3].id)
    await world.config(ann, quiet, api_key="sk-0123456789")
    page = await world.do(lambda s: s.projects.page(ann, PageRequest()), write=False)
    still, busy = page.items
    assert busy.task_counts == {"todo": 1, "in_progress": 2, "ai_review": 1, "human_review": 1}
    # two cards in review, and one card that asks, however often
    assert (busy.attention_count, busy.running_count, busy.demo) == (3, 1, True)
    assert (still.task_counts, still.attention_count, still.running_count, still.demo) == ({}, 0, 0, False)


async def test_a_deleted_project_is_gone_for_people(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.do(lambda s: s.sessions.delete_project(ann, project.slug))
    with pytest.raises(NotFound):
        await world.do(lambda s: s.projects.summary(ann, str(project.id)), write=False)
    with pytest.raises(NotFound):
        await world.do(lambda s: s.sessions.delete_project(ann, project.slug))
    row = await world.do(lambda s: s.projects.by_id(project.id), write=False)
    assert row is not None
    assert row.desired_state == "deleted"
    assert [line.action for line in await world.rows(AuditLog)] == ["project.create", "project.delete"]


async def test_two_that_want_one_name_at_once(world: World) -> None:
    """Both get a project, or one is told to try again; never a crash, never one address for two."""
    ann = await world.person("ann")
    made = await asyncio.gather(*(world.project(ann, "Tea") for _ in range(4)), return_exceptions=True)
    slugs = [one.slug for one in made if not isinstance(one, BaseException)]
    assert slugs
    assert len(set(slugs)) == len(slugs)
    assert all(isinstance(one, Conflict) for one in made if isinstance(one, BaseException))
