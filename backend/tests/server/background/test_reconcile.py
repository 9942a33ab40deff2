"""Pods become what is wished of them, and what is seen of them is written down."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from opm.server.background.reconcile import Reconciler
from opm.server.core.errors import RuntimeFault
from opm.server.db.engine import Database
from opm.server.db.models import AuditLog, Project
from opm.server.features.sessions.schemas import RunStatus
from opm.server.runtime.base import Observation, PodPhase, PodSpec
from tests.fakes.agent import Turn
from tests.fakes.runtime import DiesRuntime, FakeRuntime, NeverRuntime, SlowRuntime
from tests.server.background.stage import Stage, eventually, staged


def reconcile(stage: Stage) -> Reconciler:
    reconciler = Reconciler(stage.ports)
    stage.spawn(reconciler.run())
    stage.spawn(reconciler.watch())
    return reconciler


async def project(stage: Stage, project_id: UUID | None = None) -> Project:
    rows = await stage.world.rows(Project)
    return next(row for row in rows if row.id == (project_id or stage.project.id))


async def until_pod(stage: Stage, status: str, project_id: UUID | None = None) -> Project:
    async def reached() -> Project | None:
        row = await project(stage, project_id)
        return row if row.pod_status == status else None

    return await eventually(reached, f"a pod that is {status}")


async def start(stage: Stage) -> None:
    await stage.world.do(lambda s: s.workspaces.start(stage.actor, stage.project.slug))


async def stop(stage: Stage) -> None:
    await stage.world.do(lambda s: s.workspaces.stop(stage.actor, stage.project.slug))


async def told_of_pods(stage: Stage) -> list[tuple[str, bool, str]]:
    """Action, whether a person did it, and why."""
    lines = [line for line in await stage.world.rows(AuditLog) if line.action.startswith("pod.")]
    return [(line.action, line.user_id == stage.actor.user_id, line.details["reason"]) for line in lines]


async def test_a_wish_is_fulfilled_and_seen(stage: Stage) -> None:
    reconcile(stage)
    await start(stage)
    row = await until_pod(stage, "running")
    assert (row.status, row.pod_reason) == ("ready", None)
    assert row.pod_name is not None
    await stop(stage)
    await until_pod(stage, "absent")
    assert stage.runtime.pods == {}
    assert stage.project.id in stage.runtime.volumes, "the workspace stays"
    assert [event.model_dump()["status"] for event in stage.world.announced("pod_status")][-1] == "absent"


async def test_a_pod_that_is_as_wished_and_told_costs_one_look_at_all_wishes(stage: Stage) -> None:
    reconciler = Reconciler(stage.ports)

    async def runs() -> bool:
        await reconciler.once()
        return (await project(stage)).pod_status == "running"

    await start(stage)
    await eventually(runs, "a pod that runs")
    begun: list[object] = []
    event.listen(stage.ports.db.engine.sync_engine, "begin", begun.append)
    await reconciler.once()
    await asyncio.sleep(5)
    assert len(begun) == 1


async def test_nothing_is_done_without_a_wish(stage: Stage) -> None:
    await Reconciler(stage.ports).once()
    await asyncio.sleep(1)
    assert stage.runtime.calls == []


async def test_a_pod_that_vanished_is_made_again(stage: Stage) -> None:
    reconcile(stage)
    await start(stage)
    await until_pod(stage, "running")
    stage.runtime.pods.clear()

    async def back() -> bool:
        return stage.project.id in stage.runtime.pods

    await eventually(back, "a new pod")


async def test_an_idle_pod_is_stopped_and_not_started_again(stage: Stage) -> None:
    reconcile(stage)
    await start(stage)
    await until_pod(stage, "running")
    stage.world.clock.moment += timedelta(seconds=stage.ports.settings.runtime.idle_stop + 1)
    row = await until_pod(stage, "absent")
    assert row.desired_state == "stopped"
    await asyncio.sleep(12)
    assert stage.runtime.pods == {}
    assert await told_of_pods(stage) == [("pod.start", True, "asked"), ("pod.stop", False, "idle")]


async def test_who_starts_and_stops_a_pod_is_told_once(stage: Stage) -> None:
    for _ in range(2):
        await start(stage)
    for _ in range(2):
        await stop(stage)
    await stage.world.do(lambda s: s.workspaces.wanted(stage.project.id))
    assert await told_of_pods(stage) == [
        ("pod.start", True, "asked"),
        ("pod.stop", True, "asked"),
        ("pod.start", False, "run"),
    ]


async def test_a_pod_at_work_is_neither_idle_nor_touched(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("Working.")
        await asyncio.sleep(30)
        await turn.finish()

    reconcile(stage)
    task = await stage.execute(script)
    stage.pump()
    await stage.said(task, "Working.")
    stage.world.clock.moment += timedelta(seconds=stage.ports.settings.runtime.idle_stop + 1)
    calls = len(stage.runtime.calls)
    await asyncio.sleep(12)
    assert len(stage.runtime.calls) == calls
    assert (await stage.ended(task)).status == RunStatus.COMPLETED
    assert (await project(stage)).desired_state == "running", "the run counts as use"


class MeanwhileRuntime(FakeRuntime):
    """Something happens while it is looked at."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def observe(self, project_id: UUID) -> Observation:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().observe(project_id)


@pytest.mark.parametrize("asked", [False, True], ids=["idle", "asked"])
@pytest.mark.parametrize("happens", ["a run", "a start"])
async def test_a_pod_that_is_needed_since_all_wishes_were_read_is_not_stopped(
    database: Database, tmp_path: Path, happens: str, *, asked: bool
) -> None:
    runtime = MeanwhileRuntime()
    async with staged(database, tmp_path, runtime) as stage:
        await start(stage)
        reconciler = reconcile(stage)
        await until_pod(stage, "running")
        await stage.silence()
        await stage.execute()
        stage.world.clock.pass_by(seconds=stage.ports.settings.runtime.idle_stop + 1)
        if asked:
            await stop(stage)
        runtime.meanwhile = stage.world.claim if happens == "a run" else lambda: start(stage)
        await reconciler.once()
        await asyncio.sleep(10)
        assert [verb for verb, _ in runtime.calls] == ["ensure"]
        before = "stopped" if asked and happens == "a run" else "running"
        assert (await project(stage)).desired_state == before, "its driver has not said yet that it wants the pod"


async def test_a_deleted_project_ends_archived_without_pod_and_volume(stage: Stage) -> None:
    reconcile(stage)
    await start(stage)
    await until_pod(stage, "running")
    await stage.world.do(lambda s: s.sessions.delete_project(stage.actor, stage.project.slug))

    async def archived() -> bool:
        return (await project(stage)).archived_at is not None

    await eventually(archived, "the project to be archived")
    assert (await project(stage)).status == "archived"
    assert (stage.runtime.pods, stage.runtime.volumes) == ({}, set())


async def test_what_is_left_of_a_deleted_project_is_taken_away_and_nothing_else(stage: Stage) -> None:
    unknown = uuid4()
    deleted = await stage.world.project(stage.actor, "Deleted")
    await stage.world.do(lambda s: s.sessions.delete_project(stage.actor, deleted.slug))
    reconcile(stage)

    async def archived() -> bool:
        return (await project(stage, deleted.id)).archived_at is not None

    await eventually(archived, "the project to be archived")
    stage.runtime.volumes |= {deleted.id, stage.project.id, unknown}

    async def swept() -> bool:
        return deleted.id not in stage.runtime.volumes

    await eventually(swept, "what a crash left behind to be found")
    assert stage.runtime.volumes == {stage.project.id, unknown}, "what is not known here may be somebody's work"


class PickyRuntime(FakeRuntime):
    """One project's pod takes for ever, another's fails."""

    hangs: UUID | None = None
    fails: UUID | None = None

    async def ensure(self, spec: PodSpec) -> None:
        if spec.project_id == self.hangs:
            await asyncio.sleep(100_000)
        if spec.project_id == self.fails:
            raise RuntimeFault("There is no room for another pod.")
        await super().ensure(spec)


async def test_no_pod_waits_for_another(sqlite_database: Database, tmp_path: Path) -> None:
    runtime = PickyRuntime()
    async with staged(sqlite_database, tmp_path, runtime) as stage:
        others = [await stage.world.project(stage.actor, name) for name in ("Hangs", "Fails")]
        runtime.hangs, runtime.fails = others[0].id, others[1].id
        for slug in (others[0].slug, others[1].slug, stage.project.slug):
            await stage.world.do(lambda s, slug=slug: s.workspaces.start(stage.actor, slug))
        reconcile(stage)
        await until_pod(stage, "running")
        assert (await project(stage, others[0].id)).pod_status == "absent"
        runtime.fails = None
        await until_pod(stage, "running", others[1].id)


async def test_a_failing_pod_is_told_with_its_reason(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, DiesRuntime(lives_for=2)) as stage:
        reconcile(stage)
        await start(stage)
        row = await until_pod(stage, "failed")
        assert row.status == "error"
        assert "exit code 1" in (row.pod_reason or "")


async def test_a_slow_pod_is_started_and_stopped_once(sqlite_database: Database, tmp_path: Path) -> None:
    runtime = SlowRuntime(start_delay=12)
    async with staged(sqlite_database, tmp_path, runtime) as stage:
        reconcile(stage)
        await start(stage)
        await until_pod(stage, "running")
        await stop(stage)
        await until_pod(stage, "absent")
        await asyncio.sleep(6)
        assert [verb for verb, _ in runtime.calls] == ["ensure", "stop"]


async def test_a_pod_that_never_starts_is_shown_as_starting(sqlite_database: Database, tmp_path: Path) -> None:
    async with staged(sqlite_database, tmp_path, NeverRuntime()) as stage:
        reconcile(stage)
        await start(stage)
        row = await until_pod(stage, PodPhase.PENDING)
        assert row.status == "initializing"


async def test_watching_goes_on_when_an_unknown_pod_is_seen(stage: Stage) -> None:
    reconcile(stage)
    await asyncio.sleep(1)
    await stage.runtime.ensure(PodSpec(UUID(int=7), "digest", {}))
    await start(stage)
    await until_pod(stage, "running")
