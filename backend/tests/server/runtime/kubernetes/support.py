"""Specs and plans for tests of the cluster's runtime."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import Observation, PodPhase, PodSpec, Runtime
from opm.server.runtime.kubernetes import KubernetesRuntime
from opm.server.runtime.kubernetes.credentials import Cluster
from opm.server.runtime.kubernetes.manifests import Plan

PATIENCE = 100.0
"""Also for pods of a real cluster; less than a test may take."""
PROJECT = UUID("0197b8f6-0000-7000-8000-00000000000a")


def a_spec(project_id: UUID | None = None, *, digest: str = "one", **changes: Any) -> PodSpec:
    spec = PodSpec(
        project_id=project_id or uuid4(),
        digest=digest,
        opencode_config={"model": "demo/demo", "provider": {"demo": {"options": {"baseURL": "{demo_model_url}"}}}},
        opencode_password="a-password-of-the-pod",
        pass_key=b"k" * 32,
        seed_files={"README.md": "# Hello\n"},
    )
    return replace(spec, **changes)


def a_plan(spec: PodSpec | None = None, **settings: Any) -> Plan:
    return Plan(KubernetesSettings(**settings), spec or a_spec(PROJECT))


@contextlib.asynccontextmanager
async def opened_on(
    find: Callable[[KubernetesSettings], Cluster], *, pace: float = 0.05, **settings: Any
) -> AsyncIterator[KubernetesRuntime]:
    runtime = KubernetesRuntime(KubernetesSettings(**{"delete_timeout": 5, **settings}), find=find, pace=pace)
    try:
        await runtime.open()
        yield runtime
    finally:
        await runtime.close()


async def until(
    runtime: Runtime, project_id: UUID, wanted: Callable[[Observation], Any], seconds: float = PATIENCE
) -> Observation:
    seen = await runtime.observe(project_id)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not wanted(seen):
                await asyncio.sleep(0.02)
                seen = await runtime.observe(project_id)
            return seen
    raise AssertionError(f"still {seen.phase} after {seconds:.0f} s: {seen.reason}; {seen.parts}; {seen.events}")


async def running(runtime: Runtime, spec: PodSpec, seconds: float = PATIENCE) -> Observation:
    await runtime.ensure(spec)
    return await until(
        runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING and seen.digest == spec.digest, seconds
    )
