"""Pods by wish: what people and runs want, what is seen, what a pod is made of, and who may rest."""

import asyncio
from uuid import uuid4

import pytest

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound, Unavailable
from opm.server.db.models import AuditLog, OpencodeConfig, Project, Task
from opm.server.features.projects.schemas import NewProject, ProjectSummary
from opm.server.features.sessions.schemas import Verdict
from opm.server.features.workspaces import sample
from opm.server.features.workspaces.schemas import Wish
from opm.server.features.workspaces.service import starting
from opm.server.realtime.bus import WAKE_RECONCILE
from opm.server.runtime.base import Observation, PodPhase
from tests.builders import World

KEY = "sk-0123456789-abcd"


class Yard:
    def __init__(self, world: World, ann: Actor, project: ProjectSummary) -> None:
        self.world = world
        self.ann = ann
        self.project = project

    async def start(self) -> None:
        await self.world.do(lambda s: s.workspaces.start(self.ann, self.project.slug))

    async def stop(self) -> None:
        await self.world.do(lambda s: s.workspaces.stop(self.ann, self.project.slug))

    async def see(self, phase: PodPhase, reason: str | None = None) -> None:
        seen = Observation(self.project.id, phase, reason)
        await self.world.do(lambda s: s.workspaces.observed(seen))

    async def row(self) -> Project:
        return next(row for row in await self.world.rows(Project) if row.id == self.project.id)

    async def wishes(self, idle_stop: float = 60) -> list[Wish]:
        return await self.world.do(lambda s: s.workspaces.wishes(idle_stop), write=False)

    async def rest(self) -> bool:
        return await self.world.do(lambda s: s.workspaces.rest(self.project.id, 60))


@pytest.fixture
async def yard(world: World) -> Yard:
    ann = await world.person("ann")
    return Yard(world, ann, await world.project(ann))


async def test_where_a_pod_was_seen_is_remembered(yard: Yard) -> None:
    await yard.see(PodPhase.PENDING)
    row = await yard.row()
    assert (row.pod_name, row.pod_namespace, row.workspace_pvc_name) == (f"opm-{row.id.hex[-12:]}", None, None)
    seen = Observation(row.id, PodPhase.RUNNING, name="opm-7", namespace="pods", volume="opm-7-files")
    await yard.world.do(lambda s: s.workspaces.observed(seen))
    row = await yard.row()
    assert (row.pod_name, row.pod_namespace, row.workspace_pvc_name) == ("opm-7", "pods", "opm-7-files")


async def test_a_new_project_wishes_for_nothing(yard: Yard) -> None:
    assert await yard.wishes() == []
    row = await yard.row()
    assert (row.desired_state, row.pod_status, row.status) == ("stopped", "absent", "initializing")


async def test_people_start_and_stop(yard: Yard) -> None:
    await yard.start()
    assert await yard.wishes() == [Wish(yard.project.id, "running", busy=False, idle=False, told=("absent", None))]
    assert yard.world.rung(WAKE_RECONCILE) == 1
    await yard.stop()
    assert await yard.wishes() == []
    await yard.see(PodPhase.STOPPING)
    assert [(wish.desired, wish.busy) for wish in await yard.wishes()] == [("stopped", False)]
    await yard.see(PodPhase.ABSENT)
    assert await yard.wishes() == []


async def test_a_pod_at_work_is_not_stopped(yard: Yard) -> None:
    task = await yard.world.task(yard.ann, yard.project)
    claim = await yard.world.working(yard.ann, yard.project, task.id)
    await yard.world.do(lambda s: s.workspaces.wanted(yard.project.id))
    assert [(wish.desired, wish.busy) for wish in await yard.wishes()] == [("running", True)]
    with pytest.raises(Conflict):
        await yard.stop()
    await yard.world.finish(claim, Verdict.SUCCESS)
    await yard.stop()
    assert (await yard.row()).desired_state == "stopped"


async def test_what_nobody_used_may_rest(yard: Yard) -> None:
    await yard.start()
    yard.world.clock.pass_by(seconds=60)
    assert not (await yard.wishes())[0].idle
    yard.world.clock.pass_by(seconds=1)
    assert (await yard.wishes())[0].idle
    assert not (await yard.wishes(idle_stop=0))[0].idle
    await yard.world.do(lambda s: s.workspaces.used(yard.project.id))
    assert not (await yard.wishes())[0].idle
    assert not await yard.rest()
    assert (await yard.wishes())[0].desired == "running"
    yard.world.clock.pass_by(seconds=61)
    assert await yard.rest()
    assert await yard.wishes() == []
    await yard.world.do(lambda s: s.workspaces.wanted(yard.project.id))
    assert (await yard.wishes())[0].desired == "running"


async def test_a_run_wants_the_pod_that_somebody_stops_at_the_same_time(yard: Yard) -> None:
    await yard.start()
    async with yard.world.ports.scope() as scope:
        await scope.workspaces.stop(yard.ann, yard.project.slug)
        run = asyncio.create_task(yard.world.do(lambda s: s.workspaces.wanted(yard.project.id)))
        await asyncio.sleep(0.3)
    await run
    assert (await yard.row()).desired_state == "running"


async def test_a_pod_in_use_need_not_be_wished_for_again(yard: Yard) -> None:
    async def in_use() -> bool:
        return (await yard.world.do(lambda s: s.workspaces.find(yard.ann, yard.project.slug), write=False))[1]

    assert not await in_use()
    await yard.start()
    assert await in_use()
    yard.world.clock.pass_by(seconds=61)
    assert not await in_use()
    await yard.stop()
    assert not await in_use()


@pytest.mark.parametrize(
    ("phases", "status"),
    [
        (["pending"], "initializing"),
        (["pending", "running"], "ready"),
        (["running", "absent"], "ready"),
        (["pending", "failed"], "error"),
        (["failed", "pending", "running"], "ready"),
        (["failed", "absent"], "error"),
    ],
)
async def test_what_is_seen_is_written_down(yard: Yard, phases: list[str], status: str) -> None:
    for phase in phases:
        await yard.see(PodPhase(phase), "why" if phase == "failed" else None)
    row = await yard.row()
    assert (row.pod_status, row.status) == (phases[-1], status)
    assert row.pod_reason == ("why" if phases[-1] == "failed" else None)


async def test_what_is_seen_is_told_once(yard: Yard) -> None:
    for phase in (PodPhase.PENDING, PodPhase.PENDING, PodPhase.RUNNING, PodPhase.RUNNING):
        await yard.see(phase)
    await yard.see(PodPhase.FAILED, "out of memory")
    await yard.see(PodPhase.FAILED, "out of disk")
    told = [event.model_dump() for event in yard.world.announced("pod_status")]
    assert [(event["status"], event["reason"]) for event in told] == [
        ("pending", None),
        ("running", None),
        ("failed", "out of memory"),
        ("failed", "out of disk"),
    ]


async def test_a_deleted_project_is_archived_when_its_pod_is_gone(yard: Yard) -> None:
    await yard.world.config(yard.ann, yard.project, api_key="key-of-a-provider")
    await yard.start()
    await yard.see(PodPhase.RUNNING)
    await yard.world.do(lambda s: s.sessions.delete_project(yard.ann, yard.project.slug))
    assert [wish.desired for wish in await yard.wishes()] == ["deleted"]
    with pytest.raises(NotFound):
        await yard.world.do(lambda s: s.workspaces.spec(yard.project.id))
    await yard.world.do(lambda s: s.workspaces.wanted(yard.project.id))
    assert not await yard.rest()
    assert (await yard.row()).desired_state == "deleted"
    await yard.world.do(lambda s: s.workspaces.gone(yard.project.id))
    row = await yard.row()
    assert (row.status, row.pod_status, row.archived_at) == ("archived", "absent", yard.world.clock.now())
    assert await yard.wishes() == []
    await yard.see(PodPhase.RUNNING)
    assert (await yard.row()).status == "archived"
    assert not [row for row in await yard.world.rows(OpencodeConfig) if row.provider_api_key_encrypted is not None]
    told = [line.details for line in await yard.world.rows(AuditLog) if line.action == "secret.deleted"]
    assert told == [{"reason": "project_deleted"}]


async def test_the_spec_changes_with_configuration_and_key(yard: Yard) -> None:
    async def digest() -> str:
        return (await yard.world.do(lambda s: s.workspaces.spec(yard.project.id), write=False)).digest

    seen = [await digest(), await digest()]
    assert seen[0] == seen[1]
    for change in (
        {"api_key": KEY},
        {"api_key": KEY + "2"},
        {"temperature": 0.5},
        {"max_tokens": 321},
        {"permissions": {"bash": "allow"}},
        {"provider": "openai-compatible", "model": "m", "base_url": "http://x/v1"},
    ):
        await yard.world.config(yard.ann, yard.project, **change)
        seen.append(await digest())
    assert len(set(seen)) == 7
    await yard.world.do(lambda s: s.configs.activate(yard.ann, yard.project.slug, 1))
    assert await digest() == seen[0]


async def test_a_run_gets_the_pod_of_its_own_configuration(yard: Yard) -> None:
    task = await yard.world.task(yard.ann, yard.project)
    run = await yard.world.execute(yard.ann, yard.project, task.id)
    await yard.world.config(yard.ann, yard.project, api_key=KEY)
    pinned = await yard.world.do(lambda s: s.workspaces.spec(yard.project.id, run.config_id), write=False)
    active = await yard.world.do(lambda s: s.workspaces.spec(yard.project.id), write=False)
    assert (pinned.provider_key, pinned.demo_model) == (None, True)
    assert (active.provider_key, active.demo_model) == (KEY, False)
    assert pinned.opencode_password == active.opencode_password


async def test_secrets_of_pods_are_their_own(yard: Yard) -> None:
    other = await yard.world.project(yard.ann, "Other")
    mine, his = [
        await yard.world.do(lambda s, i=i: s.workspaces.spec(i), write=False) for i in (yard.project.id, other.id)
    ]
    assert mine.pass_key != his.pass_key
    assert mine.opencode_password != his.opencode_password
    assert len(mine.pass_key) == 32
    async with yard.world.ports.scope(write=False) as scope:
        assert scope.workspaces.pass_key(yard.project.id) == mine.pass_key
    assert mine.opencode_password not in repr(mine)


async def test_a_sample_project_comes_with_cards_and_files(yard: Yard) -> None:
    made = await yard.world.do(lambda s: s.workspaces.create(yard.ann, NewProject(name="Sample", sample=True)))
    assert made.task_counts == {"todo": len(sample.CARDS)}
    assert made.demo
    assert (await yard.world.board(yard.ann, made))["todo"] == [title for title, _ in sample.CARDS]
    spec = await yard.world.do(lambda s: s.workspaces.spec(made.id), write=False)
    assert spec.seed_files == sample.FILES
    assert all("demo:" in task.description for task in await yard.world.rows(Task))
    assert (await yard.world.do(lambda s: s.workspaces.spec(yard.project.id), write=False)).seed_files == {}


def test_who_has_to_wait_is_told_for_what() -> None:
    project_id = uuid4()
    failed = starting(Observation(project_id, PodPhase.FAILED, "no memory"))
    assert isinstance(failed, Unavailable)
    assert "no memory" in failed.message
    assert failed.details["reason"] == "pod_failed"
    waiting = starting(Observation(project_id, PodPhase.PENDING))
    assert waiting.details == {"reason": "pod_starting", "retry_after": 1}
