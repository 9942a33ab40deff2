"""What a project asks for its pod, within what the operator allows, and what its pod is then started with."""

from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from opm.server.core.errors import Invalid
from opm.server.core.settings import RuntimeSettings, Settings
from opm.server.features.projects.resources import offered
from opm.server.features.projects.schemas import NewProject, ProjectPatch, ProjectSummary
from opm.server.features.workspaces.advice import pod_of
from opm.server.runtime.base import Limits, Observation, Part, PartStatus, PodPhase
from tests.builders import World


async def limits(world: World, project: ProjectSummary) -> Limits:
    return (await world.do(lambda s: s.workspaces.spec(project.id), write=False)).limits


async def test_a_pod_gets_what_its_project_asks_for_and_nothing_is_asked_at_first(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    assert await limits(world, project) == Limits(None, None)
    patch = ProjectPatch(memory_mb=2048, cpu_limit=1.5)
    await world.do(lambda s: s.projects.patch(ann, project.slug, patch))
    assert await limits(world, project) == Limits(2048, 1.5)
    seen = await world.do(lambda s: s.projects.summary(ann, project.slug), write=False)
    assert (seen.memory_mb, seen.cpu_limit) == (2048, 1.5)
    # what a patch does not name stays, and null takes a limit back
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(name="Other")))
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(memory_mb=None)))
    assert await limits(world, project) == Limits(None, 1.5)


async def test_a_limit_does_not_make_another_pod_of_one_that_runs(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    before = await world.do(lambda s: s.workspaces.spec(project.id), write=False)
    await world.do(lambda s: s.projects.patch(ann, project.slug, ProjectPatch(memory_mb=2048)))
    assert (await world.do(lambda s: s.workspaces.spec(project.id), write=False)).digest == before.digest


async def test_a_project_can_be_made_with_its_limits(world: World) -> None:
    ann = await world.person("ann")
    new = NewProject(name="Tea", memory_mb=1024, cpu_limit=2)
    project = await world.do(lambda s: s.workspaces.create(ann, new))
    assert (project.memory_mb, project.cpu_limit) == (1024, 2)
    assert await limits(world, project) == Limits(1024, 2)


@pytest.fixture
async def bounded(tmp_path: Path, small_world: World) -> World:
    runtime = RuntimeSettings(memory_mb=1024, memory_mb_max=2048, cpu_limit_max=2)
    return World(small_world.ports.db, tmp_path, runtime=runtime)


async def test_the_operator_has_the_last_word(bounded: World) -> None:
    ann = await bounded.person("ann")
    project = await bounded.project(ann)
    assert await limits(bounded, project) == Limits(1024, 2)
    for patch, field in ((ProjectPatch(memory_mb=4096), "memory_mb"), (ProjectPatch(cpu_limit=2.5), "cpu_limit")):
        with pytest.raises(Invalid, match="at most") as refused:
            await bounded.do(lambda s, patch=patch: s.projects.patch(ann, project.slug, patch))
        assert refused.value.details == {"field": field}
    with pytest.raises(Invalid):
        await bounded.do(lambda s: s.workspaces.create(ann, NewProject(name="Large", memory_mb=4096)))


def test_a_project_set_before_the_operator_was_stricter_gets_what_is_allowed_now() -> None:
    known = offered(Settings(runtime=RuntimeSettings(memory_mb=4096, memory_mb_max=2048)))
    assert (known.memory_mb, known.memory_mb_max, known.cpu_limit, known.cpu_limit_max) == (2048, 2048, None, None)


@pytest.mark.parametrize("body", [{"memory_mb": 511}, {"memory_mb": 0}, {"cpu_limit": 0}, {"cpu_limit": -1}])
def test_what_no_pod_can_live_on_is_refused(body: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ProjectPatch.model_validate(body)


async def test_the_api_says_what_is_offered_and_how_it_is_enforced(bounded: World) -> None:
    async with bounded.client(bounded.app(), await bounded.person("ann")) as client:
        said = (await client.get("/resources")).json()
        refused = await client.post("/projects", json={"name": "Tea", "memory_mb": 4096})
    assert "out of memory" in said.pop("enforcement")
    assert said == {"memory_mb": 1024, "memory_mb_max": 2048, "cpu_limit": 2.0, "cpu_limit_max": 2.0}
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["field"] == "memory_mb"


def test_a_part_that_ran_out_of_memory_is_told_where_more_is_given() -> None:
    part = PartStatus(Part.OPENCODE, ready=True, restarts=9, reason="out of memory", out_of_memory=True)
    shown = pod_of(Observation(uuid4(), PodPhase.RUNNING, parts=(part,))).parts[0]
    assert shown.state == "ready"
    assert "more memory in the project's settings" in (shown.advice or "")


def test_on_a_cluster_a_pod_is_never_without_a_bound() -> None:
    known = offered(Settings(runtime=RuntimeSettings(kind="kubernetes", cpu_limit_max=1)))
    assert (known.memory_mb, known.cpu_limit) == (3072, 1)
    assert "each container" in known.enforcement
