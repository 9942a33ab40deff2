"""Memory of containers as the cluster's metrics tell it, and a cluster that has none."""

import pytest

from opm.server.runtime.base import Part, PodPhase
from opm.server.runtime.kubernetes import names
from opm.server.runtime.kubernetes.usage import quantity
from tests.fakes.kubernetes import FakeCluster
from tests.server.runtime.kubernetes.support import a_spec, opened_on, running, until


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0),
        ("1536", 1536),
        ("2Ki", 2048),
        ("128Mi", 128 << 20),
        ("1.5Gi", 3 << 29),
        ("1E", 10**18),
        ("1e3", 1000),
        ("12E2", 1200),
        ("5M", 5_000_000),
        ("128974848000m", 128974848),
        ("much", None),
        ("", None),
        ("-1", None),
    ],
)
def test_a_quantity_is_a_number_of_bytes(text: str, found: int | None) -> None:
    assert quantity(text) == found


async def test_each_part_shows_what_it_uses() -> None:
    async with FakeCluster().serving() as cluster, opened_on(cluster.find) as runtime:
        spec = a_spec()
        cluster.memory = {names.name_of(spec.project_id): {"opencode": "300Mi", "file-browser": "41000Ki"}}
        await running(runtime, spec)
        seen = await until(runtime, spec.project_id, lambda seen: any(part.memory_bytes for part in seen.parts))
        assert {part.part: part.memory_bytes for part in seen.parts} == {
            Part.OPENCODE: 300 << 20,
            Part.FILES: 41_000 << 10,
            Part.SESSION: None,
        }
        for _ in range(20):
            await runtime.observe(spec.project_id)
        assert cluster.calls["GET podmetrics"] == 1, "it is not asked for each time"


async def test_a_cluster_that_gathers_none_is_not_asked_again_and_again() -> None:
    async with FakeCluster().serving() as cluster, opened_on(cluster.find) as runtime:
        spec = a_spec()
        seen = await running(runtime, spec)
        await until(runtime, spec.project_id, lambda _: cluster.calls["GET podmetrics"] == 1)
        for _ in range(20):
            seen = await runtime.observe(spec.project_id)
        assert (seen.phase, {part.memory_bytes for part in seen.parts}) == (PodPhase.RUNNING, {None})
        assert cluster.calls["GET podmetrics"] == 1
