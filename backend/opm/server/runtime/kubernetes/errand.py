"""A wish under way: tried until it is fulfilled, with growing pauses, and given up when nobody repeats it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.kubernetes.making import words
from opm.server.runtime.kubernetes.manifests import Plan
from opm.server.runtime.kubernetes.view import Effort

log = structlog.get_logger(__name__)

TRIES = 6
FIRST, MOST = 1.0, 60.0


class Errand:
    """`effort` is what is to be told of it; None when the pod was taken by the cluster."""

    def __init__(
        self,
        plan: Plan,
        make: Callable[[Plan], Awaitable[None]],
        tell: Callable[[], None],
        *,
        after: "Errand | None" = None,
        quiet: bool = False,
        pace: float = 1.0,
    ) -> None:
        """`after` is called off first; the same wish anew goes on where it had come to.

        `quiet`: there is such a pod, which only lacks something; what is told is told of the pod.
        """
        self.plan = plan
        same = after is not None and after.plan == plan
        self.failures = after.failures if after is not None and same else 0
        begun = None if quiet else Effort()
        self.effort: Effort | None = (after.effort or begun) if after is not None and same else begun
        self._make = make
        self._tell = tell
        self._pace = pace
        self._task = asyncio.create_task(self._run(after))

    @property
    def under_way(self) -> bool:
        return not self._task.done()

    async def call_off(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, after: "Errand | None") -> None:
        if after is not None:
            await after.call_off()
        for tried in range(1, TRIES + 1):
            last = tried == TRIES
            try:
                await self._make(self.plan)
            except RuntimeFault as exc:
                await self._failed(words(exc), last=last)
            except Exception:
                log.exception("a pod could not be made", project=str(self.plan.spec.project_id))
                await self._failed("Something went wrong inside the server; its log says what.", last=last)
            else:
                self.effort, self.failures = None, 0
                self._tell()
                return

    async def _failed(self, reason: str, *, last: bool) -> None:
        """Pauses after the last try too: who repeats the wish meanwhile does not make the pauses shorter."""
        self.failures += 1
        delay = self._pace * min(MOST, FIRST * 2.0 ** (self.failures - 1))
        again = "" if last else f" Trying again in {delay:.0f} s."
        self.effort = Effort(f"The pod could not be made: {reason}{again}", failed=self.failures > 1)
        log.warning("a pod could not be made", project=str(self.plan.spec.project_id), reason=reason)
        self._tell()
        await asyncio.sleep(delay)
