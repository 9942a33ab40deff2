"""The life of one run, in the hands of one controller."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import structlog

from opm.server.background.lease import Lease
from opm.server.background.pump import pod
from opm.server.background.pump.begin import begin
from opm.server.background.pump.context import Run
from opm.server.background.pump.recorder import Recorder
from opm.server.background.pump.watch import Watcher
from opm.server.background.supervisor import Bell
from opm.server.core.errors import Away, Fault, Refusal
from opm.server.features.sessions.runs import Claim, Fenced, Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.server.realtime.bus import run_topic
from opm.server.wiring import Ports
from opm.wire.events import OutputStatus

log = structlog.get_logger(__name__)

_LOOK = 0.2
_LOOK_AT_ROW = 2.0


class _BrokeOff(Exception):
    """Watching failed, which says nothing about the run itself: it goes on, and is taken up again."""


class Driver:
    def __init__(self, ports: Ports, claim: Claim, lease: Lease) -> None:
        self._ports = ports
        self._claim = claim
        self._lease = lease
        self._settings = ports.settings.run
        self._recorder = Recorder(ports, claim, self._settings.output_limit)
        self._bell = Bell()

    async def run(self) -> None:
        """To the verdict; or until another controller has the run, or this one stops."""
        stop_listening = self._bell.hang(self._ports.bus, run_topic(self._claim.session_id))
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [group.create_task(self._recorder.run()), group.create_task(self._keep_lease())]
                await self._to_the_end()
                for helper in helpers:
                    helper.cancel()
        except* Fenced:
            log.info("a run is driven elsewhere, or was deleted", run=str(self._claim.session_id))
        except* (_BrokeOff, Fault) as faults:
            # the lease runs out and the run is taken up again, by this controller or another
            log.warning("driving a run broke off", run=str(self._claim.session_id), reason=str(faults.exceptions[0]))
        finally:
            stop_listening()

    async def _keep_lease(self) -> None:
        """Raises `Fenced` when it cannot be renewed as long as it lasts: what goes on then is another's."""
        while True:
            await asyncio.sleep(self._settings.lease / 3)
            while not await self._renewed():
                self._lease.hold()
                await asyncio.sleep(_LOOK)

    async def _renewed(self) -> bool:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(max(self._lease.left, 0)), self._ports.scope() as scope:
                await scope.runs.renew(self._claim)
        except (Away, TimeoutError):
            return False
        self._lease.extend(asked_at)
        return True

    async def _to_the_end(self) -> None:
        try:
            outcome = await self._drive()
        except (Fenced, _BrokeOff, Away):  # where nothing can be saved, nothing is decided
            raise
        except (Fault, Refusal) as exc:
            log.warning("a run failed", run=str(self._claim.session_id), reason=exc.message, details=exc.details)
            outcome = Outcome(Verdict.FAILED, exc.message)
        except Exception:
            log.exception("driving a run failed", run=str(self._claim.session_id))
            outcome = Outcome(Verdict.FAILED, "Something went wrong inside the server; its log says what.")
        await self._recorder.flush()
        async with self._ports.scope() as scope:
            # the project before its runs, as its deletion does: two that wait for each other end in an error
            await scope.workspaces.used(self._claim.project_id)
            await scope.runs.finish(self._claim, outcome)
        self._ports.metrics.runs_ended.labels(outcome.verdict.value).inc()
        log.info("a run ended", run=str(self._claim.session_id), verdict=outcome.verdict.value)

    async def _drive(self) -> Outcome:
        adopting = self._claim.was_running and self._claim.remote_session_id is not None
        run = await (self._prepare() if adopting else self._unless_cancelled(self._prepare()))
        if run is None:
            return Outcome(Verdict.CANCELLED, "Cancelled.")
        async with run.feed.open():
            return await begin(run) or await self._watch(run)

    async def _watch(self, run: Run) -> Outcome:
        try:
            return await Watcher(run).follow()
        except Fault as exc:
            raise _BrokeOff(exc.message) from exc

    async def _unless_cancelled(self, work: Coroutine[Any, Any, Run]) -> Run | None:
        """A pod may take long to start; who cancels meanwhile does not wait for it."""
        self._bell.ring()
        task = asyncio.create_task(work)
        looked = time.monotonic()
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK)
                rung = await self._bell.wait(0)
                if rung or time.monotonic() - looked > _LOOK_AT_ROW:
                    looked = time.monotonic()
                    if await self._cancelled():
                        return None
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _cancelled(self) -> bool:
        async with self._ports.scope(write=False) as scope:
            return await scope.runs.cancel_requested(self._claim)

    async def _prepare(self) -> Run:
        async with self._ports.scope(write=False) as scope:
            address = (await scope.configs.by_id(self._claim.config_id)).base_url
        if address:
            # a name that was public when it was saved may lead elsewhere by now
            await self._ports.providers.check(address)
        async with self._ports.scope() as scope:
            spec = await scope.workspaces.spec(self._claim.project_id, self._claim.config_id)
            spec = replace(spec, renew=await scope.runs.begins_alone(self._claim))
            request = await scope.workspaces.prompt(self._claim.config_id, self._claim.prompt, self._claim.message_id)
            await scope.runs.require(self._claim)
            await scope.workspaces.wanted(self._claim.project_id)
            if not self._claim.was_running:
                await scope.runs.append(self._claim, [OutputStatus(data="starting")])
                if spec.provider_key:
                    scope.configs.key_used(self._claim.project_id, self._claim.config_id, self._claim.session_id)
        with self._ports.metrics.start_seconds.labels("pod").time():
            seen = await pod.ready(
                self._ports.runtime,
                spec,
                self._settings.start_timeout,
                lambda reason: self._recorder.put(OutputStatus(data="starting", message=reason)),
                self._lease.hold,
            )
        return Run(
            ports=self._ports,
            claim=self._claim,
            recorder=self._recorder,
            bell=self._bell,
            spec=spec,
            request=request,
            agent=self._ports.clients.agent(pod.address(seen, spec, self._lease.hold)),
            incarnation=seen.incarnation,
        )
