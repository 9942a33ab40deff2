"""Repositories that are wished for are cloned, once more after every break, and runs wait for them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from opm.server.background.cloning import Cloning
from opm.server.background.reconcile import Reconciler
from opm.server.core.errors import Conflict, Unavailable
from opm.server.core.settings import DemoSettings
from opm.server.db.engine import Database
from opm.server.db.models import AuditLog, Project
from opm.server.features.projects.schemas import CloneAgain, GitSource, NewProject
from opm.server.features.sessions.schemas import RunStatus, Verdict
from opm.wire.events import WorkspaceChanged
from opm.wire.workspace import CloneOrder, CloneProgress
from tests.builders import World
from tests.fakes.agent import FakeAgent
from tests.fakes.files import FakeFiles
from tests.fakes.runtime import NeverRuntime
from tests.server.background.stage import Stage, eventually, staged

URL = "https://git.example/ann/tea.git"
TOKEN = "ghp_0123456789_secret"


class Loops:
    """The loops that a clone needs, and what is to be cloned."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.world = stage.world
        self.files = FakeFiles()
        self.agent = FakeAgent()

    async def wish(self, *, token: str = TOKEN) -> None:
        git = GitSource(url=URL, ref="main", depth=3, token=token)
        new = NewProject(name="Cloned", git=git)
        self.stage.project = project = await self.world.do(lambda s: s.workspaces.create(self.stage.actor, new))
        self.world.clients.workspaces[project.id] = self.files
        self.stage.play(self.agent)

    def begin(self) -> asyncio.Task[None]:
        reconciler = Reconciler(self.stage.ports)
        self.stage.spawn(reconciler.run())
        self.stage.spawn(reconciler.watch())
        return self.stage.spawn(Cloning(self.stage.ports).run())

    async def row(self) -> Project:
        return next(row for row in await self.world.rows(Project) if row.id == self.stage.project.id)

    async def until(self, state: str) -> Project:
        async def reached() -> Project | None:
            row = await self.row()
            return row if row.workspace_state == state else None

        return await eventually(reached, f"a workspace that is {state}")

    async def again(self, change: CloneAgain | None = None) -> None:
        await self.world.do(lambda s: s.clones.again(self.stage.actor, self.stage.project.slug, change or CloneAgain()))

    def told(self) -> list[tuple[str, str | None, int | None]]:
        events = self.world.announced("workspace_changed")
        return [(e.state, e.phase, e.percent) for e in events if isinstance(e, WorkspaceChanged)]


async def loops(stage: Stage, **files: bytes) -> Loops:
    made = Loops(stage)
    made.files.repositories[URL] = files or {"README.md": b"# Tea\n"}
    await made.wish()
    return made


async def test_a_repository_is_cloned_and_the_token_forgotten(stage: Stage) -> None:
    ours = await loops(stage)
    assert (await ours.row()).git_credential_set
    ours.begin()
    row = await ours.until("ready")
    assert row.git_credential_encrypted is None
    assert (row.workspace_reason, row.desired_state) == (None, "running")
    assert ours.files.content_of == {"README.md": b"# Tea\n"}
    assert ours.agent.disposed == 1, "OpenCode looks at the workspace anew"
    (order,) = ours.files.orders
    assert (order.url, order.ref, order.token, order.depth) == (URL, "main", TOKEN, 3)
    assert order.addresses == ["93.184.215.14"], "git may go to the judged addresses alone"
    told = ours.told()
    assert [told[0], told[-1]] == [("cloning", None, None), ("ready", None, None)]
    assert ("cloning", "starting", None) in told


async def test_the_record_tells_of_it_without_the_token(stage: Stage) -> None:
    ours = await loops(stage)
    ours.begin()
    await ours.until("ready")
    lines = [line for line in await ours.world.rows(AuditLog) if line.project_id == stage.project.id]
    details = {line.action: line.details for line in lines}
    assert details["project.create"] == {"name": "Cloned", "source": "git", "git_url": URL}
    assert details["workspace.clone"]["git_url"] == URL
    assert TOKEN not in str(details)
    secrets = [(line.action, line.user_id, line.details) for line in lines if line.resource_type == "git_credential"]
    assert secrets == [
        ("secret.set", stage.actor.user_id, {}),
        ("secret.used", None, {"purpose": "clone"}),
        ("secret.deleted", None, {"reason": "cloned"}),
    ]


async def test_a_credential_that_goes_with_its_host_or_project_is_told(stage: Stage) -> None:
    ours = Loops(stage)
    await ours.wish(token="wrong")
    ours.begin()
    await ours.until("failed")
    await ours.again(CloneAgain(token=TOKEN))
    await ours.until("failed")
    await ours.again(CloneAgain(url="https://other.example/tea.git"))
    secrets = [line for line in await ours.world.rows(AuditLog) if line.resource_type == "git_credential"]
    assert [(line.action, line.user_id) for line in secrets if line.action != "secret.used"] == [
        ("secret.set", stage.actor.user_id),
        ("secret.set", stage.actor.user_id),
        ("secret.deleted", stage.actor.user_id),
    ]
    assert secrets[-1].details == {"reason": "other_host"}


async def test_a_refusal_is_told_and_tried_again_with_another_token(stage: Stage) -> None:
    ours = Loops(stage)
    await ours.wish(token="wrong")
    ours.begin()
    row = await ours.until("failed")
    assert row.workspace_reason == "There is no repository at this address."
    assert row.git_credential_set, "kept for the next attempt"
    ours.files.repositories[URL] = {"a": b"a"}
    await ours.again(CloneAgain(token=TOKEN, ref="next", depth=None))
    await ours.until("ready")
    orders = [(order.token, order.ref, order.depth) for order in ours.files.orders]
    assert orders == [("wrong", "main", 3), (TOKEN, "next", None)]


async def test_a_token_is_not_told_to_another_host(stage: Stage) -> None:
    ours = Loops(stage)
    await ours.wish()
    ours.begin()
    await ours.until("failed")
    await ours.again(CloneAgain(url="https://git.example/ann/other.git"))
    await eventually(lambda: _is(lambda: len(ours.files.orders) == 2), "a second attempt")
    await ours.until("failed")
    await ours.again(CloneAgain(url="https://elsewhere.example/ann/tea.git", ref=None))
    await eventually(lambda: _is(lambda: len(ours.files.orders) == 3), "a third attempt")
    assert [(order.token, order.ref) for order in ours.files.orders] == [(TOKEN, "main"), (TOKEN, "main"), ("", None)]


async def test_a_host_that_leads_inside_since_is_not_cloned_from(stage: Stage) -> None:
    ours = await loops(stage)
    ours.world.names["git.example"] = ["10.0.0.7"]
    ours.begin()
    row = await ours.until("failed")
    assert "OPM_GIT__ALLOWED_HOSTS" in (row.workspace_reason or "")
    assert ours.files.orders == []


async def test_a_clone_that_broke_off_begins_anew(stage: Stage) -> None:
    ours = await loops(stage)

    async def break_off() -> None:
        ours.files.cloning = None
        raise Unavailable("The pod broke off in the middle of the clone.")

    ours.files.cloning = break_off
    ours.begin()
    row = await ours.until("ready")
    assert len(ours.files.orders) == 2
    assert row.workspace_reason is None


async def test_a_pod_that_always_breaks_off_ends_it(stage: Stage) -> None:
    ours = await loops(stage)

    async def break_off() -> None:
        raise Unavailable("The pod broke off.")

    ours.files.cloning = break_off
    ours.begin()
    assert (await ours.until("failed")).workspace_reason == "The pod broke off."
    assert len(ours.files.orders) == 3


async def test_a_pod_that_never_starts_ends_it(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, NeverRuntime(), start_timeout=5) as stage:
        ours = await loops(stage)
        ours.begin()
        assert "did not become ready" in ((await ours.until("failed")).workspace_reason or "")


async def test_the_next_controller_begins_it_anew(stage: Stage) -> None:
    ours = await loops(stage)
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.sleep(100_000)

    ours.files.cloning = hang
    ours.begin()
    await reached.wait()
    await stage.silence()
    assert (await ours.row()).workspace_state == "cloning"
    ours.files.cloning = None
    ours.begin()
    await ours.until("ready")
    assert len(ours.files.orders) == 2


async def test_a_pod_that_clones_is_left_alone(stage: Stage) -> None:
    ours = await loops(stage)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await go_on.wait()

    ours.files.cloning = hang
    ours.begin()
    await reached.wait()
    ours.world.clock.pass_by(hours=9)
    with pytest.raises(Conflict, match="being cloned"):
        await ours.world.do(lambda s: s.workspaces.stop(stage.actor, stage.project.slug))
    await asyncio.sleep(15)
    assert stage.project.id in stage.runtime.pods, "it is not idle"
    go_on.set()
    await ours.until("ready")


async def test_a_deleted_project_is_not_cloned(stage: Stage) -> None:
    ours = await loops(stage)
    await ours.world.do(lambda s: s.sessions.delete_project(stage.actor, stage.project.slug))
    ours.begin()

    async def gone() -> bool:
        return (await ours.row()).archived_at is not None

    await eventually(gone, "the end of the project")
    assert ours.files.orders == []
    assert not (await ours.row()).git_credential_set


async def test_a_run_waits_for_the_clone(stage: Stage) -> None:
    ours = await loops(stage)
    stage.pump()
    task = await stage.execute()
    await asyncio.sleep(10)
    card = await stage.card(task)
    assert card.run is not None
    assert (card.run.status, card.run.reason) == ("queued", "Waits until the repository is cloned.")
    ours.begin()
    assert (await stage.ended(task)).status == RunStatus.COMPLETED
    card = await stage.card(task)
    assert card.run is not None
    assert card.run.reason is None


async def test_a_run_without_workspace_fails_and_says_why(stage: Stage) -> None:
    ours = Loops(stage)
    await ours.wish()
    stage.pump()
    task = await stage.execute()
    ours.begin()
    run = await stage.ended(task)
    assert (run.status, run.verdict) == (RunStatus.FAILED, Verdict.FAILED)
    assert "could not be cloned: There is no repository" in (run.reason or "")


async def test_a_clone_waits_for_a_model_and_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    world = World(sqlite_database, tmp_path, demo=DemoSettings(enabled="never"))
    stage = Stage(world, None)
    stage.actor = await world.person("ada")
    ours = await loops(stage)
    ours.begin()

    async def told() -> bool:
        return "no model yet" in ((await ours.row()).workspace_reason or "")

    await eventually(told, "the reason")
    assert ours.files.orders == []
    await world.config(stage.actor, stage.project, api_key="sk-0123456789")
    assert (await ours.until("ready")).workspace_reason is None
    await stage.end()


async def test_an_archived_project_is_cloned_when_it_is_restored(stage: Stage) -> None:
    ours = await loops(stage)
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await asyncio.sleep(30)
        raise Unavailable("The pod is gone.")

    ours.files.cloning = hang
    ours.begin()
    await reached.wait()
    await ours.world.do(lambda s: s.workspaces.archive(stage.actor, stage.project.slug))
    await asyncio.sleep(40)
    assert stage.project.id not in stage.runtime.pods, "its pod rests"
    assert (await ours.row()).workspace_state == "cloning"
    ours.files.cloning = None
    await ours.world.do(lambda s: s.projects.restore(stage.actor, stage.project.slug))
    await ours.until("ready")


async def test_only_one_of_two_controllers_clones(stage: Stage) -> None:
    ours = await loops(stage)
    turned_away = 0

    class Busy(FakeFiles):
        async def clone(self, order: CloneOrder) -> AsyncGenerator[CloneProgress]:
            nonlocal turned_away
            if turned_away < 2:
                turned_away += 1
                raise Conflict("A repository is being cloned into this workspace already.", reason="busy")
            async for step in super().clone(order):
                yield step

    ours.world.clients.workspaces[stage.project.id] = busy = Busy()
    busy.repositories[URL] = {"a": b"a"}
    ours.begin()
    await ours.until("ready")
    assert turned_away == 2


async def _is(look: Callable[[], bool]) -> bool:
    return look()
