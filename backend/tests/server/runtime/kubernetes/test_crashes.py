"""A controller that dies after any of the changes that a pod's life needs, and the next one, which knows nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import PodSpec
from opm.server.runtime.kubernetes import KubernetesRuntime, names
from tests.cluster.faults import Faults, FaultyProxy
from tests.fakes.kubernetes import FakeCluster
from tests.server.runtime.kubernetes.support import a_spec, opened_on, running

PLURALS = ("networkpolicies", "persistentvolumeclaims", "pods", "configmaps", "secrets")
MADE, ENDED = 5, 5
"""Changes that a pod takes to run, and then its project to be gone: one for each object."""


@dataclass
class Death(Faults):
    """The change of this number is done; nobody hears of it, and nothing more gets through."""

    after: int = 0
    changes: int = 0
    struck: asyncio.Event = field(default_factory=asyncio.Event)

    def before(self, request: web.Request) -> web.Response | None:
        if self.after and self.changes == self.after:
            return self._fail(503, "ServiceUnavailable", "made to fail")
        self.changes += request.method != "GET"
        return None

    def loses(self, request: web.Request) -> bool:
        if request.method == "GET" or self.changes != self.after:
            return False
        self.struck.set()
        return True


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serving() as cluster:
        yield cluster


async def test_a_life_takes_as_many_changes_as_are_tried_here(cluster: FakeCluster) -> None:
    death = Death()
    async with FaultyProxy(cluster.find(KubernetesSettings()), death).serving() as proxy:
        async with opened_on(proxy.find) as runtime:
            spec = a_spec()
            await running(runtime, spec)
            assert death.changes == MADE
            await runtime.remove(spec.project_id)
        assert death.changes == MADE + ENDED


@pytest.mark.parametrize("after", range(1, MADE + ENDED + 1))
async def test_the_next_controller_makes_the_pod_whole(cluster: FakeCluster, after: int) -> None:
    spec = a_spec()
    await _dies(cluster, spec, after)
    left = {key: uid for key, uid in _uids(cluster).items() if after <= MADE or key[0] != "pods"}
    async with opened_on(cluster.find) as runtime:
        await running(runtime, spec)
        _assert_whole(cluster, spec)
        assert left.items() <= _uids(cluster).items(), "what was there is used, but a pod that ends"
        await runtime.remove(spec.project_id)
        assert cluster.objects == {}
        assert await runtime.known() == set()


@pytest.mark.parametrize("after", range(1, MADE + ENDED + 1))
async def test_the_next_controller_leaves_nothing_of_the_project(cluster: FakeCluster, after: int) -> None:
    spec = a_spec()
    await _dies(cluster, spec, after)
    async with opened_on(cluster.find) as runtime:
        await runtime.remove(spec.project_id)
        assert cluster.objects == {}
        assert await runtime.known() == set()


async def _dies(cluster: FakeCluster, spec: PodSpec, after: int) -> None:
    death = Death(after=after)
    async with (
        FaultyProxy(cluster.find(KubernetesSettings()), death).serving() as proxy,
        opened_on(proxy.find) as runtime,
    ):
        living = asyncio.create_task(_life(runtime, spec))
        await asyncio.wait_for(death.struck.wait(), 20)
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living
    assert death.changes == after


async def _life(runtime: KubernetesRuntime, spec: PodSpec) -> None:
    await running(runtime, spec)
    await runtime.remove(spec.project_id)


def _uids(cluster: FakeCluster) -> dict[tuple[str, str], str]:
    return {key: made["metadata"]["uid"] for key, made in cluster.objects.items()}


def _assert_whole(cluster: FakeCluster, spec: PodSpec) -> None:
    """One of each object, and all of them go with the claim that is there now."""
    name = names.name_of(spec.project_id)
    claim = cluster.objects["persistentvolumeclaims", name]["metadata"]["uid"]
    owners: dict[tuple[str, str], list[Any]] = {
        key: [owner["uid"] for owner in made["metadata"].get("ownerReferences", [])]
        for key, made in cluster.objects.items()
    }
    assert owners == {(plural, name): [] if plural == "persistentvolumeclaims" else [claim] for plural in PLURALS}
