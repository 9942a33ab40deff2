"""One pod's life. Wishes come in through a queue, one task carries them out in order and looks after the parts.

The task exists only while there is something to look after, and it alone changes the pod.
"""

import asyncio
import base64
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Limits, Observation, Part, PodSpec
from opm.server.runtime.local import ending, logs, memory, plan, probe, procfs, reaper, store, workspace
from opm.server.runtime.local.keeper import Keeper
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.memory import MemoryWatch
from opm.server.runtime.local.process import Proc
from opm.server.runtime.local.procfs import Identity
from opm.server.runtime.local.settings import LocalSettings
from opm.server.runtime.local.store import PartRecord, PodRecord, PodSecrets
from opm.server.runtime.local.view import PodView
from opm.server.runtime.redaction import Redactor

QUIET = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stop:
    done: asyncio.Future[None]
    remove: bool


class Pod:
    def __init__(self, project_id: UUID, settings: LocalSettings, announce: Callable[[Observation], None]) -> None:
        self.project_id = project_id
        self.layout = PodLayout.of(settings.data_dir, project_id)
        self.redact = Redactor()
        self.view = PodView(project_id)
        self._settings = settings
        self._announce = announce
        self._wishes: deque[PodSpec | Stop] = deque()
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._spec: PodSpec | None = None
        self._limits = Limits()
        """Those the pod was started with."""
        self._memory = MemoryWatch(project_id)
        self._secrets = PodSecrets(b"", "")
        self._keepers: dict[Part, Keeper] = {}
        self._agent_port: int | None = None
        """Where OpenCode listened before it made way for a new configuration."""
        self._written: PodRecord | None = None
        self._started_at = ""
        self._failures = 0
        self._not_before = 0.0
        self._next_measure = 0.0

    # Wishes

    def ensure(self, spec: PodSpec) -> None:
        self._wishes.append(spec)
        self.view.wanted = True
        self._wake()

    async def stop(self, *, remove: bool = False) -> None:
        done = asyncio.get_running_loop().create_future()
        self._wishes.append(Stop(done, remove))
        self.view.wanted = False
        self.view.stopping = bool(self._keepers)
        self._tell()
        self._wake()
        await asyncio.shield(done)

    def adopt(self, record: PodRecord, secrets: PodSecrets, procs: dict[Part, Proc]) -> None:
        """Take over a pod that another controller started; its wish follows with the next `ensure`."""
        key = procfs.variable(procs[Part.OPENCODE].pid, "OPM_PROVIDER_KEY")
        self._know(secrets, key)
        self._written, self._started_at, self._limits = record, record.started_at, record.limits
        self.view.digest, self.view.wanted = record.digest, True
        for part, door in plan.adopted(self.layout, record, secrets).items():
            self._keepers[part] = self._keeper(door)
            self._keepers[part].adopt(procs[part], record.incarnation if part is Part.OPENCODE else "")
        self._wake()

    def observation(self) -> Observation:
        return self.view.observation(self._keepers)

    async def release(self) -> None:
        """Let go of the processes without ending them."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for keeper in self._keepers.values():
            keeper.halt()
            if keeper.proc is not None:
                keeper.proc.release()

    def ring(self) -> None:
        self._bell.set()

    # The task

    def _wake(self) -> None:
        self._bell.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._live(), name=f"pod-{self.project_id}")
            self._task.add_done_callback(self._note_crash)

    def _note_crash(self, task: asyncio.Task[None]) -> None:
        """A fault nobody foresaw ends the task; it must be seen, and nobody may wait for ever."""
        if task.cancelled() or task.exception() is None:
            return
        log.error("pod_keeper_failed", project_id=str(self.project_id), exc_info=task.exception())
        self.view.trouble, self.view.failed = "The local runtime failed; see the server's log.", True
        while self._wishes:
            wish = self._wishes.popleft()
            if isinstance(wish, Stop) and not wish.done.done():
                wish.done.set_exception(RuntimeFault(self.view.trouble))
        self._tell()

    async def _live(self) -> None:
        while True:
            self._bell.clear()
            while self._wishes:
                await self._obey(self._wishes.popleft())
            if not self._keepers and self._spec is None:
                self._tell()
                return
            pause = await self._guarded_look()
            self._tell()
            await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` loses a cancellation that comes with the bell
                await self._bell.wait()

    async def _obey(self, wish: PodSpec | Stop) -> None:
        if isinstance(wish, PodSpec):
            await self._accept(wish)
            return
        try:
            await self._halt(remove=wish.remove)
        except (OSError, RuntimeFault) as error:
            self.view.trouble = f"The project could not be stopped: {_words(error)}"
            if not wish.done.done():
                fault = error if isinstance(error, RuntimeFault) else RuntimeFault(self.view.trouble)
                wish.done.set_exception(fault)
        else:
            if not wish.done.done():
                wish.done.set_result(None)
        finally:
            if not wish.done.done():
                wish.done.set_exception(RuntimeFault("Stopping the project was interrupted."))
            self.view.stopping = False
            self._tell()

    async def _accept(self, spec: PodSpec) -> None:
        try:
            await self._adjust(spec)
        except (OSError, RuntimeFault) as error:
            delay = self._note_trouble(error)
            self._tell()
            self._bell.clear()
            await self._rest(delay)
            if not self._wishes:
                self._wishes.append(spec)

    async def _adjust(self, spec: PodSpec) -> None:
        secrets = PodSecrets(spec.pass_key, spec.opencode_password)
        same_parts = spec.demo_model == (Part.MODEL in self._keepers)
        same_doors = secrets == self._secrets and (same_parts or not self._keepers)
        running = self._spec is not None or bool(self._keepers)
        # A pod that fails for want of memory would otherwise never see that it was given more.
        same_limits = spec.limits == self._limits or all(keeper.ready for keeper in self._keepers.values())
        if running and spec.digest == self.view.digest and same_doors and same_limits:
            self._adopt_spec(spec)
            return
        if self._keepers:
            await self._make_way(keep_sidecars=same_doors and same_limits)
        self._spec = spec
        self._know(secrets, spec.provider_key)
        self.view.digest, self.view.trouble, self.view.failed = spec.digest, None, False
        self._failures, self._not_before = 0, 0.0

    def _adopt_spec(self, spec: PodSpec) -> None:
        """The pod already is what was asked for; one that was adopted learns how to start its parts again."""
        if not self._keepers:
            self._spec = spec
        elif self._spec is None:
            self._spec = spec
            self._know(self._secrets, spec.provider_key)
            ports = {part: keeper.plan.port for part, keeper in self._keepers.items()}
            for part, planned in self._planned(spec, ports).items():
                self._keepers[part].plan = planned

    async def _make_way(self, *, keep_sidecars: bool) -> None:
        kept = {Part.FILES, Part.SESSION, Part.MODEL} if keep_sidecars else set[Part]()
        if Part.OPENCODE in self._keepers:
            self._agent_port = self._keepers[Part.OPENCODE].plan.port
        self.view.changing = True
        self._tell()
        try:
            await self._end(set(self._keepers) - kept)
        finally:
            self.view.changing = False

    async def _halt(self, *, remove: bool) -> None:
        self._spec = None
        self.view.stopping = bool(self._keepers)
        self._tell()
        await self._end(set(self._keepers))
        await asyncio.to_thread(self._clean_logs)
        store.forget_record(self.layout)
        self._written = None
        self._started_at = ""
        self.view.digest = self.view.trouble = None
        self.view.failed = False
        if remove:
            await asyncio.to_thread(self.layout.destroy)

    # Looking after the parts

    async def _guarded_look(self) -> float:
        try:
            return await self._look()
        except (OSError, RuntimeFault) as error:
            return self._note_trouble(error)

    def _note_trouble(self, error: OSError | RuntimeFault) -> float:
        """Seconds after which it is worth another try."""
        self._failures += 1
        delay = self._settings.backoff.delay(self._failures)
        self._not_before = asyncio.get_running_loop().time() + delay
        self.view.trouble = f"The project could not be started: {_words(error)} Trying again in {delay:g} s."
        self.view.failed = self._failures > 1
        return delay

    async def _look(self) -> float:
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            return self._not_before - loop.time()
        await self._complete_parts()
        now = loop.time()
        pauses = [keeper.tick(now) for keeper in self._keepers.values()]
        if any(keeper.port_lost for keeper in self._keepers.values()):
            await self._end(set(self._keepers))
            raise RuntimeFault("another program took one of its ports first.")
        if self._spec is None and any(keeper.down for keeper in self._keepers.values()):
            return await self._give_up()
        await self._end_orphans()
        self._write_down()
        pauses.append(await self._mind_memory(now))
        if self.view.trouble and all(keeper.ready for keeper in self._keepers.values()):
            self.view.trouble, self.view.failed, self._failures = None, False, 0
        return min(pauses, default=QUIET)

    async def _complete_parts(self) -> None:
        """Plan what the wish asks for and is not there: at first everything, after a change what made way."""
        spec = self._spec
        if spec is None or set(self._keepers) == set(plan.parts_of(spec)):
            return
        if not self._keepers:
            self._limits = spec.limits
        await workspace.prepare(self.layout, spec)
        store.write_secrets(self.layout, self._secrets)
        ports = {part: keeper.plan.port for part, keeper in self._keepers.items()}
        missing = [part for part in plan.parts_of(spec) if part not in ports]
        self._started_at = self._started_at or datetime.now(UTC).isoformat()
        ports.update(zip(missing, probe.free_ports(len(missing)), strict=True))
        if Part.SESSION in self._keepers and self._agent_port:
            ports[Part.OPENCODE] = self._agent_port  # the session sidecar that stayed knows this address only
        for part, planned in self._planned(spec, ports).items():
            if part in missing:
                self._keepers[part] = self._keeper(planned)

    async def _give_up(self) -> float:
        """An adopted pod that lost a part before its wish was known: what is left of it is ended, and that is said."""
        reasons = [keeper.reason for keeper in self._keepers.values() if keeper.down and keeper.reason]
        await self._end(set(self._keepers))
        store.forget_record(self.layout)
        self._written = None
        self.view.failed = True
        self.view.trouble = f"{reasons[0].partition(';')[0]} before the controller had taken the project over again."
        return QUIET

    async def _end_orphans(self) -> None:
        """What a dead OpenCode was running must not go on beside the next one."""
        dead = [keeper for keeper in self._keepers.values() if keeper.left_orphans]
        if dead:
            alive = [keeper.proc.identity for keeper in self._keepers.values() if keeper.proc is not None]
            await reaper.sweep(self.project_id, spare=alive, grace=1.0)
        for keeper in dead:
            keeper.left_orphans = False

    async def _mind_memory(self, now: float) -> float:
        limit = self._limits.memory_mb
        if limit is None or any(keeper.dying for keeper in self._keepers.values()):
            return QUIET
        if now >= self._next_measure:
            self._next_measure = now + memory.INTERVAL
            roots = {keeper.proc.identity: keeper for keeper in self._keepers.values() if keeper.proc is not None}
            excess = await asyncio.to_thread(self._memory.look, roots.keys(), limit * 2**20)
            if excess is not None:
                await self._relieve(excess, roots)
        return self._next_measure - now

    async def _relieve(self, excess: memory.Excess, roots: Mapping[Identity, Keeper]) -> None:
        log.warning("out_of_memory", project_id=str(self.project_id), used=excess.used, limit=excess.limit)
        if excess.victim in roots:
            roots[excess.victim].end_for_memory(excess.words)
            return
        above = [root for root in roots if excess.victim in await asyncio.to_thread(procfs.family, {root})]
        await reaper.end([excess.victim], grace=0)
        for root in above:
            roots[root].command_ended(excess.name, excess.words)

    async def _end(self, parts: set[Part]) -> None:
        ended = [self._keepers[part] for part in parts]
        spare = [keeper for part, keeper in self._keepers.items() if part not in parts]
        await ending.end_parts(self.project_id, ended, spare=spare, limit=self._settings.stop_timeout)
        for part in parts:
            del self._keepers[part]

    # Small things

    def _planned(self, spec: PodSpec, ports: Mapping[Part, int]) -> dict[Part, plan.PartPlan]:
        return plan.planned(self._settings, self.layout, replace(spec, limits=self._limits), ports)

    def _keeper(self, planned: plan.PartPlan) -> Keeper:
        return Keeper(planned, self._settings, redact=self.redact, ring=self.ring)

    def _know(self, secrets: PodSecrets, provider_key: str | None) -> None:
        self._secrets = secrets
        known = [secrets.opencode_password, base64.b64encode(secrets.pass_key).decode(), provider_key or ""]
        self.redact = Redactor(known)
        for keeper in self._keepers.values():
            keeper.redact = self.redact

    def _clean_logs(self) -> None:
        for part in Part:
            logs.scrub(self.layout.log(part), self.redact)

    def _write_down(self) -> None:
        parts = {
            part: PartRecord(keeper.proc.identity, keeper.plan.port)
            for part, keeper in self._keepers.items()
            if keeper.proc is not None
        }
        agent = self._keepers.get(Part.OPENCODE)
        incarnation = agent.incarnation if agent is not None else ""
        record = PodRecord(
            str(self.project_id), self.view.digest or "", incarnation, self._started_at, parts, self._limits
        )
        if record != self._written:
            store.write_record(self.layout, record)
            self._written = record

    def _tell(self) -> None:
        self._announce(self.observation())


def _words(error: OSError | RuntimeFault) -> str:
    return error.message if isinstance(error, RuntimeFault) else f"{error.strerror or error}."
