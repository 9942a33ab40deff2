"""The audit log: who did what from where, for the owner of a project, newest first, and never changed."""

from dataclasses import replace

import pytest

from opm.server.core.errors import NotFound
from opm.server.core.paging import PageRequest
from opm.server.db.models import AuditLog
from opm.server.features.interactions.schemas import Feedback
from opm.server.features.projects.schemas import NewProject
from opm.server.features.sessions.schemas import Verdict
from tests.builders import World


async def test_lines_tell_who_and_from_where(world: World) -> None:
    ann = replace(await world.person("ann"), ip="127.0.0.9", user_agent="B" * 600, request_id="r-1")
    await world.do(lambda s: s.workspaces.create(ann, NewProject(name="Tea")))
    (line,) = await world.rows(AuditLog)
    assert (line.user_id, line.action, line.resource_type) == (ann.user_id, "project.create", "project")
    assert (line.ip_address, line.user_agent, line.request_id) == ("127.0.0.9", "B" * 512, "r-1")
    assert line.resource_id == str(line.project_id)
    assert line.created_at == world.clock.now()


async def test_what_changes_much_is_written_down(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.config(ann, project, api_key="sk-0123456789")
    await world.do(lambda s: s.configs.activate(ann, project.slug, 1))
    task, other = await world.task(ann, project), await world.task(ann, project, "Other")
    claim = await world.working(ann, project, task.id)
    await world.do(lambda s: s.sessions.cancel(ann, project.slug, task.id))
    await world.finish(claim, Verdict.CANCELLED)
    await world.do(lambda s: s.tasks.delete(ann, project.slug, other.id))

    async def delete_file() -> None:
        async with world.ports.scope() as scope:
            scope.workspaces.file_deleted(
                ann, await scope.projects.require(ann, project.slug), "src/a.py", failed=False
            )

    await delete_file()
    page = await world.do(lambda s: s.audit.page(ann, project.slug, PageRequest()), write=False)
    assert [(line.action, line.resource_type) for line in page.items] == [
        ("file.delete", "file"),
        ("task.delete", "task"),
        ("run.end", "session"),
        ("run.cancel", "session"),
        ("run.start", "session"),
        ("config.activate", "config"),
        ("secret.set", "config"),
        ("config.save", "config"),
        ("project.create", "project"),
    ]
    assert page.items[0].resource_id == "src/a.py"
    assert page.items[6].details == {"provider": "anthropic"}


async def test_a_message_that_waited_starts_its_run_for_whom_it_is_from(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    task = await world.task(ann, project)
    claim = await world.working(ann, project, task.id)
    await world.do(lambda s: s.sessions.feedback(ann, project.slug, task.id, Feedback(message="And stir")))
    await world.finish(claim)
    starts = [line for line in await world.rows(AuditLog) if line.action == "run.start"]
    assert [(line.user_id, line.outcome) for line in starts] == [(ann.user_id, "success")] * 2


@pytest.mark.parametrize(("verdict", "outcome"), [(Verdict.SUCCESS, "success"), (Verdict.TIMEOUT, "failure")])
async def test_the_end_of_a_run_says_how_it_ended(world: World, verdict: Verdict, outcome: str) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.done(ann, project, (await world.task(ann, project)).id, verdict=verdict)
    assert (await world.rows(AuditLog))[-1].outcome == outcome


async def test_the_log_is_paged_and_private(world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    project = await world.project(ann)
    tasks: list[str] = []
    for title in "abc":
        task = await world.task(ann, project, title)
        tasks.append(str(task.id))
        await world.do(lambda s, task=task: s.tasks.delete(ann, project.slug, task.id))
    first = await world.do(lambda s: s.audit.page(ann, project.slug, PageRequest(limit=3)), write=False)
    rest = PageRequest(limit=3, cursor=first.next_cursor)
    last = await world.do(lambda s: s.audit.page(ann, project.slug, rest), write=False)
    about = [line.resource_id for line in (*first.items, *last.items)]
    assert (about, last.next_cursor) == ([*reversed(tasks), str(project.id)], None)
    with pytest.raises(NotFound):
        await world.do(lambda s: s.audit.page(bob, project.slug, PageRequest()), write=False)
