"""Keeping one part of a pod up: started, waited for, asked for its health, started again when it dies.

`tick` never waits. It looks, acts, and says when it wants to look again; exits and answers ring the pod's bell, so
that the next look comes at once.
"""

import asyncio
import re
import signal
from collections.abc import Callable
from uuid import uuid4

from opm.server.runtime.base import PartStatus
from opm.server.runtime.local import logs, probe, procfs
from opm.server.runtime.local.plan import PartPlan
from opm.server.runtime.local.process import Proc
from opm.server.runtime.local.settings import LocalSettings
from opm.server.runtime.redaction import Redactor

GLANCE = 0.1
FIRST_ANSWER = 0.5
"""A connection made too early is never answered; a new one is made after this."""
PORT_TAKEN = re.compile(r"EADDRINUSE|address already in use|port \d+ (is )?in use|its port is taken", re.IGNORECASE)


class Keeper:
    def __init__(self, plan: PartPlan, settings: LocalSettings, *, redact: Redactor, ring: Callable[[], None]) -> None:
        self.plan = plan
        self.redact = redact
        self.proc: Proc | None = None
        self.incarnation = ""
        self.ready = False
        self.failures = 0
        self.restarts = 0
        self.reason: str | None = None
        self.out_of_memory = False
        self.port_lost = False
        self.left_orphans = False
        """Set when the part died on its own; whoever ends what it left behind clears it."""
        self._settings = settings
        self._ring = ring
        self._since = 0.0
        self._not_before = 0.0
        self._next_check = 0.0
        self._misses = 0
        self._verdict = ""
        self._question: asyncio.Task[bool] | None = None

    def adopt(self, proc: Proc, incarnation: str) -> None:
        self.proc = proc
        self.incarnation = incarnation
        self._since = asyncio.get_running_loop().time()

    @property
    def down(self) -> bool:
        return self.proc is None

    def tick(self, now: float) -> float:
        """Seconds until the next look is due, if the bell does not ring before."""
        if self.proc is not None and self.proc.ended.is_set():
            self._note_death(self.proc, now)
        if self.proc is None:
            if now < self._not_before or self.plan.launch is None:
                return max(self._not_before - now, GLANCE)
            self._start(now)
        if self.proc is None:
            return max(self._not_before - now, GLANCE)
        return self._watch_health(now) if self.ready else self._watch_start(now)

    def halt(self) -> None:
        """Ask no more questions, so that the process may be ended or left alone."""
        self.ready = False
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def status(self) -> PartStatus:
        pid = self.proc.pid if self.proc is not None else None
        memory = procfs.memory_bytes(pid) if pid is not None else None
        reason = self.reason or (None if self.ready else f"{self.plan.name} is starting")
        return PartStatus(self.plan.part, self.ready, self.restarts, pid, memory, reason, self.out_of_memory)

    @property
    def dying(self) -> bool:
        """It was made to end and its end was not noticed yet."""
        return bool(self._verdict)

    def end_for_memory(self, words: str) -> None:
        self._kill(f"was ended, {words}")
        self.out_of_memory = True

    def command_ended(self, command: str, words: str) -> None:
        """Something that hung below it had to go; it goes on itself."""
        self.reason = f"{command} under {self.plan.name} was ended, {words}"
        self.out_of_memory = True

    def _start(self, now: float) -> None:
        launch = self.plan.launch
        if launch is None or not probe.is_free(self.plan.port):
            self.port_lost = True
            return
        self._verdict = ""
        try:
            logs.rotate(self.plan.log)
            self.proc = Proc.spawn(
                launch.argv,
                env=launch.env,
                cwd=launch.cwd,
                log=self.plan.log,
                on_end=self._ring,
                on=launch.cpus,
            )
        except FileNotFoundError:
            self._fail(f"is not installed at {launch.argv[0]} (type: opm setup-opencode)", now)
            return
        except OSError as error:
            self._fail(f"could not be started ({error.strerror})", now)
            return
        self.incarnation = uuid4().hex
        self._since = now

    def _watch_start(self, now: float) -> float:
        if self._answer():
            self.ready = True
            self._since = self._next_check = now
            self._misses = 0
            return self._settings.health_interval
        limit = self._settings.start_timeout
        if now - self._since > limit:
            self._kill(f"did not become ready within {limit:g} s")
        elif self._question is None and self._has_spoken():
            self._ask(FIRST_ANSWER, verify_port=True)
        return GLANCE

    def _watch_health(self, now: float) -> float:
        answer = self._answer()
        if answer is not None:
            self._misses = 0 if answer else self._misses + 1
        if self._misses >= self._settings.health_misses:
            self._kill(f"did not answer {self._misses} times in a row")
            return GLANCE
        if self.failures and now - self._since > self._settings.backoff.forgive_after:
            self.failures = 0
        if self._question is None and now >= self._next_check:
            self._next_check = now + self._settings.health_interval
            logs.cut(self.plan.log, self._settings.log_limit)
            self._ask(self._settings.health_timeout, verify_port=False)
        return max(self._next_check - now, GLANCE)

    def _has_spoken(self) -> bool:
        if self.plan.ready_line is None or self.plan.launch is None:
            # What an adopted part said may have been cut from its log since; it has long been up.
            return True
        try:
            return self.plan.ready_line in self.plan.log.read_bytes()
        except OSError:
            return False

    def _ask(self, timeout: float, *, verify_port: bool) -> None:
        self._question = asyncio.create_task(self._is_well(timeout, verify_port=verify_port))
        self._question.add_done_callback(lambda _task: self._ring())

    async def _is_well(self, timeout: float, *, verify_port: bool) -> bool:
        plan, proc = self.plan, self.proc
        if proc is None:
            return False
        if verify_port and not await asyncio.to_thread(procfs.holds_port, proc.identity, plan.port):
            return False
        status = await probe.request(plan.port, plan.health_path, authorization=plan.authorization, timeout=timeout)
        return status == 200

    def _answer(self) -> bool | None:
        question = self._question
        if question is None or not question.done():
            return None
        self._question = None
        return not question.cancelled() and question.result()

    def _kill(self, verdict: str) -> None:
        # It does not listen to us, so it is not asked; its end comes back through its pidfd.
        if self.proc is not None and not self._verdict:
            self._verdict = verdict
            self.proc.send(signal.SIGKILL)

    def _note_death(self, proc: Proc, now: float) -> None:
        verdict, self.out_of_memory = self._verdict or proc.outcome, self.out_of_memory and bool(self._verdict)
        self._verdict = ""
        said = "" if self.ready else self._last_words()
        self.port_lost = bool(PORT_TAKEN.search(said))
        self.halt()
        self.proc = None
        self.left_orphans = True
        self._fail(verdict, now, said)

    def _last_words(self) -> str:
        lines = logs.tail(self.plan.log, 5, self.redact, reach_back=False)
        return " | ".join(line.strip() for line in lines if line.strip())[-600:]

    def _fail(self, verdict: str, now: float, said: str = "") -> None:
        self.failures += 1
        self.restarts += 1
        delay = self._settings.backoff.delay(self.failures)
        self._not_before = now + delay
        self.reason = f"{self.plan.name} {verdict}; restarting in {delay:g} s" + (
            f". Last output: {said}" if said else ""
        )
