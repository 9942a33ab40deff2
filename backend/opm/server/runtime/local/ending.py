"""Ending parts of a pod so that runs are closed properly and nothing of them is left."""

import asyncio
import signal
from collections.abc import Collection, Sequence
from uuid import UUID

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Part
from opm.server.runtime.local import probe, procfs, reaper
from opm.server.runtime.local.keeper import Keeper
from opm.server.runtime.local.process import Proc

DISPOSE_LIMIT = 3.0
TERM_SHARE = 0.4
"""Of the time allowed for the whole, given to parts that were asked to end before they are made to."""


async def end_parts(project_id: UUID, keepers: Sequence[Keeper], *, spare: Collection[Keeper], limit: float) -> None:
    procs = [keeper.proc for keeper in keepers if keeper.proc is not None]
    known = await asyncio.to_thread(procfs.family, {proc.identity for proc in procs})
    await asyncio.gather(*(_dispose(keeper) for keeper in keepers if keeper.plan.part is Part.OPENCODE))
    for keeper in keepers:
        keeper.halt()
    await _end(procs, limit * TERM_SHARE)
    spared = [keeper.proc.identity for keeper in spare if keeper.proc is not None]
    left = await reaper.sweep(project_id, spare=spared, also=known, grace=2.0)
    if left:
        raise RuntimeFault(f"{left} processes of the project could not be ended.", processes=left)
    for keeper in keepers:
        keeper.proc = None


async def _dispose(keeper: Keeper) -> None:
    """OpenCode itself exits at once on SIGTERM; asked first, it aborts its runs, stores that, and ends its tools."""
    if keeper.ready:
        plan = keeper.plan
        await probe.request(
            plan.port, "/global/dispose", method="POST", authorization=plan.authorization, timeout=DISPOSE_LIMIT
        )


async def _end(procs: Sequence[Proc], grace: float) -> None:
    for proc in procs:
        proc.send(signal.SIGTERM)
    await asyncio.gather(*(proc.wait(grace) for proc in procs))
    for proc in procs:
        proc.send(signal.SIGKILL)
    await asyncio.gather(*(proc.wait(2.0) for proc in procs))
