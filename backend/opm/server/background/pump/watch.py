"""Following a run from its prompt to its end: events, asks, retries, cancellation, and silence."""

import asyncio
from dataclasses import dataclass, field

import structlog

from opm.server.background.pump import pod
from opm.server.background.pump.begin import snapshot
from opm.server.background.pump.context import Run, interrupted
from opm.server.background.pump.feed import Connected, Lost
from opm.server.background.pump.settle import outcome_of, settle, stopped
from opm.server.clients.base import AgentEvent
from opm.server.clients.translate import Asked, Erred, Idle, Replied, Resync, Retrying, Signal, Working
from opm.server.core.errors import Fault, NotFound
from opm.server.features.interactions.schemas import Interaction, InteractionKind
from opm.server.features.sessions.runs import Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.server.runtime.base import PodPhase
from opm.wire.events import AnyOutput, OutputStatus

log = structlog.get_logger(__name__)

_TICK = 0.5
_LOOK_AT_ROW = 2.0
_BACKSTOP = 10.0
_ABORT_PATIENCE = 8.0
_POD_PATIENCE = 30.0


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Clocks:
    """Moments on the loop's clock, in seconds."""

    started: float = field(default_factory=_now)
    progress: float = field(default_factory=_now)
    row: float = 0.0
    backstop: float = field(default_factory=_now)
    waited: float = 0.0
    """Seconds spent waiting for a human, which no limit counts."""
    lost: float | None = None
    abort: float | None = None


class Watcher:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._clocks = Clocks()
        self._accepted = run.claim.was_running
        self._retrying = False

    async def follow(self) -> Outcome:
        if self._run.claim.was_running:
            async with self._run.ports.scope(write=False) as scope:
                self._clocks.started -= await scope.runs.worked(self._run.claim)
        while True:
            item = await self._run.feed.next(_TICK)
            outcome = await self._item(item) if item is not None else None
            outcome = outcome or await self._tick(waited=item is None)
            if outcome is not None:
                return outcome

    async def _item(self, item: AgentEvent | Connected | Lost) -> Outcome | None:
        if isinstance(item, Connected):
            return await self._again() if self._clocks.lost is not None else None
        if isinstance(item, Lost):
            self._clocks.lost = self._clocks.lost or _now()
            return None
        for made in self._run.translator.feed(item):
            self._clocks.progress = _now()
            outcome = await self._made(made)
            if outcome is not None:
                return outcome
        return None

    async def _again(self) -> Outcome | None:
        """The stream is open again; if OpenCode is still the same, what was missed is read."""
        await pod.decided(self._run.ports.runtime, self._run.spec.project_id)
        outcome = await self._look_at_pod()
        if outcome is None:
            self._clocks.lost = None
            await snapshot(self._run)
            outcome = await self._quiet()
        return outcome

    async def _made(self, made: AnyOutput | Signal) -> Outcome | None:
        match made:
            case Working():
                self._accepted = True
                await self._retry(None)
            case Idle():
                return await self._idle()
            case Retrying():
                await self._retry(made)
            case Asked():
                await self._ask(made)
            case Replied():
                await self._replied(made.ask_id)
            case Erred():
                self._run.last_error = made.message
            case Resync():
                await snapshot(self._run)
            case _:
                self._accepted = True
                self._run.recorder.put(made)
        return None

    async def _idle(self) -> Outcome | None:
        if not self._accepted and self._run.last_error is None:
            return None  # from before our prompt
        return await settle(self._run)

    async def _retry(self, retrying: Retrying | None) -> None:
        if retrying is None and not self._retrying:
            return
        self._retrying = retrying is not None
        status = OutputStatus(data="running")
        if retrying is not None:
            status = OutputStatus(
                data="retrying", message=retrying.message, attempt=retrying.attempt, next_at=retrying.next_at
            )
        self._run.recorder.put(status)
        async with self._run.ports.scope() as scope:
            await scope.runs.retrying(self._run.claim, retrying.message if retrying else None)

    async def _ask(self, ask: Asked) -> None:
        self._run.asks[ask.ask_id] = None
        await self._run.recorder.flush()
        async with self._run.ports.scope() as scope:
            new = await scope.runs.asked(self._run.claim, InteractionKind(ask.kind), ask.ask_id, ask.request)
        if new:
            self._run.recorder.put(OutputStatus(data="waiting"))

    async def _replied(self, ask_id: str, *, expired: bool = False) -> None:
        waited = ask_id in self._run.asks
        self._run.asks.pop(ask_id, None)
        await self._run.recorder.flush()
        async with self._run.ports.scope() as scope:
            await scope.runs.answered(self._run.claim, ask_id, expired=expired)
        if waited and not self._run.asks:
            self._run.recorder.put(OutputStatus(data="running"))

    async def _tick(self, *, waited: bool) -> Outcome | None:
        now, clocks = _now(), self._clocks
        if self._run.asks and waited:
            clocks.waited += _TICK
            clocks.progress = now
        if await self._run.bell.wait(0) or now - clocks.row > _LOOK_AT_ROW:
            clocks.row = now
            await self._look_at_row()
        if clocks.lost is not None:
            return await self._look_at_pod()
        if clocks.abort is not None and now - clocks.abort > _ABORT_PATIENCE:
            return await outcome_of(self._run, if_unfinished=stopped(self._run))
        if now - clocks.backstop > _BACKSTOP:
            clocks.backstop = now
            return await self._quiet() or await self._limits(now)
        return None

    async def _look_at_row(self) -> None:
        """What humans wished meanwhile."""
        async with self._run.ports.scope(write=False) as scope:
            cancel = await scope.runs.cancel_requested(self._run.claim)
            answers = await scope.runs.answers(self._run.claim)
        for ask_id, answer in answers:
            await self._deliver(ask_id, answer)
        if cancel and not self._run.cancelling:
            await self._abort()

    async def _deliver(self, ask_id: str, answer: Interaction) -> None:
        said = answer.answer or {}
        try:
            if answer.kind == InteractionKind.PERMISSION:
                await self._run.agent.reply_permission(ask_id, said["reply"], said.get("message"))
            else:
                await self._run.agent.reply_question(ask_id, None if said.get("reject") else said["answers"])
        except NotFound:
            await self._replied(ask_id, expired=True)
        except Fault as exc:
            log.warning("an answer could not be delivered yet", ask=ask_id, reason=exc.message)
        else:
            await self._replied(ask_id)

    async def _abort(self) -> None:
        self._run.cancelling = True
        self._clocks.abort = _now()
        self._run.recorder.put(OutputStatus(data="settling", message="Cancelling…"))
        try:
            await self._run.agent.abort(self._run.remote)
        except Fault as exc:
            log.warning("the agent could not be told to stop", reason=exc.message)

    async def _quiet(self) -> Outcome | None:
        """Ask OpenCode itself whether it still works: an event may have been missed."""
        try:
            if self._run.remote in await self._run.agent.status():
                self._accepted = True
                return None
            unseen = not self._accepted and _now() - self._clocks.started < self._run.ports.settings.run.accept_timeout
            return None if unseen else await settle(self._run)
        except Fault:
            return None

    async def _limits(self, now: float) -> Outcome | None:
        limits, clocks = self._run.ports.settings.run, self._clocks
        if now - clocks.progress > limits.no_progress_timeout:
            return await self._give_up(f"Nothing came from the agent for {limits.no_progress_timeout:.0f} s.")
        if now - clocks.started - clocks.waited > limits.wall_clock:
            return await self._give_up(f"The run took longer than {limits.wall_clock:.0f} s.")
        return None

    async def _give_up(self, reason: str) -> Outcome:
        timeout = Outcome(Verdict.TIMEOUT, f"{reason} It was stopped; send feedback to let it go on.")
        try:
            await self._run.agent.abort(self._run.remote)
        except Fault as exc:
            log.warning("the agent could not be told to stop", reason=exc.message)
        return await outcome_of(self._run, if_unfinished=timeout)

    async def _look_at_pod(self) -> Outcome | None:
        """The stream is lost: is it the same OpenCode, another one, or none?"""
        seen = await self._run.ports.runtime.observe(self._run.spec.project_id)
        why = seen.reason or next((part.reason for part in seen.parts if part.reason), None)
        if seen.phase == PodPhase.RUNNING and seen.incarnation != self._run.incarnation:
            self._run.last_error = f"OpenCode was restarted while the agent worked ({why or 'it had ended'})."
            return await outcome_of(self._run, if_unfinished=self._broken(self._run.last_error))
        gone = _now() - (self._clocks.lost or _now()) > _POD_PATIENCE
        if gone or seen.phase in {PodPhase.ABSENT, PodPhase.STOPPING}:
            return self._broken(f"The pod stopped while the agent worked ({why or seen.phase.value}).")
        return None

    def _broken(self, reason: str) -> Outcome:
        return stopped(self._run) if self._run.cancelling else interrupted(reason)
