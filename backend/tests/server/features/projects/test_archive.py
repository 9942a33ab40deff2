"""Projects put away and taken out again, their settings, and their templates."""

from uuid import uuid4

import pytest

from opm.server.core.errors import Conflict, NotFound
from opm.server.core.paging import PageRequest
from opm.server.features.projects.schemas import ProjectPatch, ProjectView
from opm.server.features.tasks.schemas import NewTask
from opm.server.features.tasks.templates import NewTemplate, TemplatePatch
from opm.server.features.users.preferences import NotificationsPatch, PreferencesPatch
from tests.builders import World


async def listed(world: World, actor: object, view: ProjectView) -> list[str]:
    page = await world.do(lambda s: s.projects.page(actor, PageRequest(), view), write=False)  # pyright: ignore[reportArgumentType]  an actor
    return [project.slug for project in page.items]


async def test_an_archived_project_can_be_read_only(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann, "Tea")
    await world.task(ann, project)
    await world.do(lambda s: s.workspaces.start(ann, "tea"))
    put_away = await world.do(lambda s: s.workspaces.archive(ann, "tea"))
    assert (put_away.status, put_away.desired_state) == ("archived", "stopped")
    assert await listed(world, ann, ProjectView.LIVE) == []
    assert await listed(world, ann, ProjectView.ARCHIVED) == ["tea"]
    assert await world.board(ann, project) == {"todo": ["Brew"]}
    for refused in (
        lambda s: s.tasks.create(ann, "tea", NewTask(title="More")),
        lambda s: s.workspaces.start(ann, "tea"),
        lambda s: s.projects.patch(ann, "tea", ProjectPatch(name="Other")),
    ):
        with pytest.raises(Conflict, match="archived"):
            await world.do(refused)  # pyright: ignore[reportUnknownArgumentType]  any of the three
    await world.do(lambda s: s.projects.restore(ann, "tea"))
    assert await listed(world, ann, ProjectView.LIVE) == ["tea"]
    await world.task(ann, project)


async def test_a_project_at_work_is_not_archived(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    task = await world.task(ann, project)
    await world.execute(ann, project, task.id)
    with pytest.raises(Conflict, match="cancel"):
        await world.do(lambda s: s.workspaces.archive(ann, project.slug))


async def test_an_archived_project_is_deleted_with_its_pod(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.do(lambda s: s.workspaces.archive(ann, project.slug))
    await world.do(lambda s: s.sessions.delete_project(ann, project.slug))
    wishes = await world.do(lambda s: s.workspaces.wishes(60), write=False)
    assert [(w.project_id, w.desired) for w in wishes] == [(project.id, "deleted")]
    await world.do(lambda s: s.workspaces.gone(project.id))
    assert await world.do(lambda s: s.workspaces.wishes(60), write=False) == []


async def test_a_project_says_how_long_its_pod_rests(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.do(lambda s: s.workspaces.start(ann, project.slug))
    world.clock.pass_by(seconds=100)

    async def idle(patch: int | None) -> bool:
        await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(idle_stop_seconds=patch)))
        return (await world.do(lambda s: s.workspaces.wishes(60), write=False))[0].idle

    assert [await idle(0), await idle(200), await idle(50), await idle(None)] == [False, False, True, True]


async def test_as_many_runs_are_taken_as_the_project_says(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(max_concurrent_runs=2)))
    for n in range(3):
        task = await world.task(ann, project, f"T{n}")
        await world.execute(ann, project, task.id)
    claims = await world.claim()
    assert [claim.title for claim in claims] == ["T0", "T1"]
    assert await world.claim() == []
    await world.do(lambda s: s.runs.attached(claims[0], "ses_1", "boot"))
    await world.finish(claims[0])
    assert [claim.title for claim in await world.claim()] == ["T2"]


async def test_a_run_under_another_version_waits_for_the_pod(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(max_concurrent_runs=8)))
    for n in range(3):
        task = await world.task(ann, project, f"T{n}")
        await world.execute(ann, project, task.id)
        if n == 0:
            await world.config(ann, project, provider="demo", model="scripted", temperature=0.5)
    (first,) = await world.claim()
    assert await world.claim() == []
    await world.finish(first)
    assert [claim.title for claim in await world.claim()] == ["T1", "T2"]


async def test_templates_are_kept_per_project(world: World) -> None:
    ann = await world.person("ann")
    tea, pot = await world.project(ann, "Tea"), await world.project(ann, "Pot")
    bug = await world.do(lambda s: s.templates.create(ann, tea.slug, NewTemplate(name="Bug", title="Fix ")))
    with pytest.raises(Conflict):
        await world.do(lambda s: s.templates.create(ann, tea.slug, NewTemplate(name="Bug")))
    await world.do(lambda s: s.templates.create(ann, pot.slug, NewTemplate(name="Bug")))
    patched = await world.do(lambda s: s.templates.patch(ann, tea.slug, bug.id, TemplatePatch(description="Steps")))
    assert (patched.name, patched.title, patched.description) == ("Bug", "Fix", "Steps")
    for ref, template in ((pot.slug, bug.id), (tea.slug, uuid4())):
        with pytest.raises(NotFound):
            await world.do(lambda s, r=ref, t=template: s.templates.delete(ann, r, t))
    await world.do(lambda s: s.templates.delete(ann, tea.slug, bug.id))
    assert (await world.do(lambda s: s.templates.page(ann, tea.slug, PageRequest()), write=False)).items == []


async def test_preferences_change_only_where_something_is_said(world: World) -> None:
    ann = await world.person("ann")
    await world.do(lambda s: s.users.patch_preferences(ann, PreferencesPatch(theme="dark")))
    patch = PreferencesPatch(notifications=NotificationsPatch(sound=True))
    await world.do(lambda s: s.users.patch_preferences(ann, patch))
    await world.do(lambda s: s.users.patch_preferences(ann, PreferencesPatch(single_key_shortcuts=False)))
    kept = await world.do(lambda s: s.users.preferences(ann), write=False)
    assert (kept.theme, kept.notifications.sound, kept.notifications.done) == ("dark", True, True)
    assert not kept.single_key_shortcuts
