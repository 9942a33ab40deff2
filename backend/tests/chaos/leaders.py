"""Who says that it leads, asked of all controllers all the time: never two at once, and not nobody for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import aiohttp

from tests.chaos.cluster import REFUSED, Cluster, Controller

_LINE = "opm_leader "
_PAUSE = 0.1
_PATIENCE = aiohttp.ClientTimeout(total=1)
"""Far less than a lease: a process that stands still longer is heard to be silent."""


@dataclass(slots=True)
class Tenure:
    """While it certainly led, by one clock: from the first answer that said so to the last question that got it."""

    process: int
    begin: float
    end: float


class Leaders:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.tenures: list[Tenure] = []

    @asynccontextmanager
    async def watched(self) -> AsyncIterator["Leaders"]:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
            tasks = [asyncio.create_task(self._follow(http, each)) for each in self._cluster.controllers]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    async def _follow(self, http: aiohttp.ClientSession, controller: Controller) -> None:
        tenure: Tenure | None = None
        while True:
            assert controller.process is not None
            process, asked_at = controller.process.pid, time.monotonic()
            if not await self._leads(http, controller):
                tenure = None
            elif tenure is None or tenure.process != process:
                tenure = Tenure(process, begin=time.monotonic(), end=time.monotonic())
                self.tenures.append(tenure)
            else:
                tenure.end = asked_at
            await asyncio.sleep(_PAUSE)

    async def _leads(self, http: aiohttp.ClientSession, controller: Controller) -> bool:
        try:
            async with http.get(f"http://127.0.0.1:{controller.metrics_port}/metrics") as answer:
                lines = (await answer.text()).splitlines()
        except REFUSED:
            return False
        return any(line.startswith(_LINE) and float(line.removeprefix(_LINE)) == 1 for line in lines)

    def judge(self) -> dict[str, Any]:
        """Raises when two led at once, or nobody did for long; gives figures."""
        served = sorted(self.tenures, key=lambda tenure: tenure.begin)
        assert served, "somebody led"
        for earlier, later in pairwise(served):
            assert earlier.end <= later.begin, f"two led for {earlier.end - later.begin:.2f} s"
        vacant = max((later.begin - earlier.end for earlier, later in pairwise(served)), default=0.0)
        assert vacant < 60
        return {"leaders": len(served), "longest without in s": round(vacant, 1)}
