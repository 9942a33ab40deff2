"""The pod under a run: made ready under the run's own configuration."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from opm.server.clients.base import Hold, PodAddress
from opm.server.core.errors import Unavailable
from opm.server.runtime.base import Observation, PodPhase, PodSpec, Runtime

_LOOK = 0.2
_AGAIN = 5.0
"""Seconds between two wishes for a pod: nobody else repeats them while a run waits for it."""


async def ready(
    runtime: Runtime, spec: PodSpec, seconds: float, tell: Callable[[str], None], still: Callable[[], object]
) -> Observation:
    """Ensure the pod and wait until it runs with this spec's digest; raises `Unavailable` with the reason.

    `tell` hears meanwhile of every new reason why it does not run yet; `still` raises when this is not ours to do.
    """
    still()
    await runtime.ensure(spec)
    try:
        async with asyncio.timeout(seconds):
            return await _until_running(runtime, spec, tell, still)
    except TimeoutError as exc:
        seen = await runtime.observe(spec.project_id)
        reason = seen.reason or next((p.reason for p in seen.parts if p.reason), None) or f"it is {seen.phase}"
        raise Unavailable(f"The pod did not become ready within {seconds:.0f} s: {reason}") from exc


async def _until_running(
    runtime: Runtime, spec: PodSpec, tell: Callable[[str], None], still: Callable[[], object]
) -> Observation:
    told = None
    clock = asyncio.get_running_loop().time
    asked = clock()
    while True:
        seen = await runtime.observe(spec.project_id)
        if seen.phase == PodPhase.FAILED and seen.reason not in {None, told}:
            told = seen.reason
            tell(str(told))
        if seen.phase == PodPhase.RUNNING and seen.digest == spec.digest and seen.endpoint is not None:
            return seen
        # which failures pass by themselves, only another try tells; one that runs was wished otherwise by somebody late
        stays = seen.phase in {PodPhase.FAILED, PodPhase.RUNNING} and clock() - asked >= _AGAIN
        if stays or seen.phase == PodPhase.ABSENT:
            still()
            await runtime.ensure(spec)
            asked = clock()
        await asyncio.sleep(_LOOK)


async def decided(runtime: Runtime, project_id: UUID) -> None:
    """Wait while the pod is coming up: a new OpenCode answers a little before it counts as running."""
    while True:
        if (await runtime.observe(project_id)).phase != PodPhase.PENDING:
            return
        await asyncio.sleep(_LOOK)


def address(seen: Observation, spec: PodSpec, hold: Hold | None = None) -> PodAddress:
    if seen.endpoint is None:
        raise Unavailable("The pod is not running.")
    return PodAddress(seen.project_id, seen.endpoint.files_url, seen.endpoint.session_url, spec.pass_key, hold)
