"""A runtime without processes, and its bad twins: each breaks one thing that real ones break now and then."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Endpoint, Observation, Part, PartStatus, PodPhase, PodSpec

ENDPOINT = Endpoint("http://files.test", "http://session.test")


@dataclass
class FakePod:
    spec: PodSpec
    phase: PodPhase = PodPhase.PENDING
    reason: str | None = None
    incarnation: str = field(default_factory=lambda: uuid4().hex)
    restarts: int = 0


class FakeRuntime:
    """Pods are up after `start_delay` seconds. `calls` lists the verbs; `die` does what a crash would."""

    def __init__(self, *, endpoint: Endpoint = ENDPOINT, start_delay: float = 0.0) -> None:
        self.endpoint = endpoint
        self.start_delay = start_delay
        self.pods: dict[UUID, FakePod] = {}
        self.volumes: set[UUID] = set()
        self.calls: list[tuple[str, UUID]] = []
        self.log_lines: dict[Part, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchers: set[asyncio.Queue[Observation]] = set()

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ensure(self, spec: PodSpec) -> None:
        self.calls.append(("ensure", spec.project_id))
        known = self.pods.get(spec.project_id)
        if known is not None and known.spec.digest == spec.digest:
            return
        self.volumes.add(spec.project_id)
        self.pods[spec.project_id] = pod = FakePod(spec)
        self._tell(spec.project_id)
        self._later(self._come_up(pod))

    async def stop(self, project_id: UUID) -> None:
        self.calls.append(("stop", project_id))
        if self.pods.pop(project_id, None) is not None:
            self._tell(project_id)

    async def remove(self, project_id: UUID) -> None:
        await self.stop(project_id)
        self.calls[-1] = ("remove", project_id)
        self.volumes.discard(project_id)

    async def observe(self, project_id: UUID) -> Observation:
        return self._observation(project_id)

    async def known(self) -> set[UUID]:
        return self.volumes | self.pods.keys()

    async def watch(self) -> AsyncIterator[Observation]:
        news: asyncio.Queue[Observation] = asyncio.Queue()
        for project_id in self.pods:
            news.put_nowait(self._observation(project_id))
        self._watchers.add(news)
        try:
            while True:
                yield await news.get()
        finally:
            self._watchers.discard(news)

    async def logs(self, project_id: UUID, part: Part, lines: int = 200) -> list[str]:
        return self.log_lines.get(part, [])[-lines:] if project_id in self.volumes else []

    def die(self, project_id: UUID, reason: str = "OpenCode ended with signal 9 (killed)") -> None:
        """OpenCode dies; like a real runtime this one starts it again."""
        pod = self.pods[project_id]
        pod.phase, pod.reason = PodPhase.PENDING, reason
        pod.restarts += 1
        pod.incarnation = uuid4().hex
        self._tell(project_id)
        self._later(self._come_up(pod))

    async def _come_up(self, pod: FakePod) -> None:
        await asyncio.sleep(self.start_delay)
        self._enter(pod, PodPhase.RUNNING)

    def _enter(self, pod: FakePod, phase: PodPhase, reason: str | None = None) -> None:
        if self.pods.get(pod.spec.project_id) is pod:
            pod.phase, pod.reason = phase, reason
            self._tell(pod.spec.project_id)

    def _observation(self, project_id: UUID) -> Observation:
        pod = self.pods.get(project_id)
        if pod is None:
            return Observation(project_id, PodPhase.ABSENT)
        ready = pod.phase is PodPhase.RUNNING
        parts = [Part.OPENCODE, Part.FILES, Part.SESSION, *([Part.MODEL] if pod.spec.demo_model else [])]
        status = [PartStatus(part, ready, pod.restarts if part is Part.OPENCODE else 0) for part in parts]
        return Observation(
            project_id=project_id,
            phase=pod.phase,
            reason=pod.reason,
            digest=pod.spec.digest,
            incarnation=pod.incarnation,
            endpoint=self.endpoint if ready else None,
            parts=tuple(status),
        )

    def _tell(self, project_id: UUID) -> None:
        for news in self._watchers:
            news.put_nowait(self._observation(project_id))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class SlowRuntime(FakeRuntime):
    """Takes a while for everything, as a cluster does."""

    def __init__(self, *, endpoint: Endpoint = ENDPOINT, start_delay: float = 0.5) -> None:
        super().__init__(endpoint=endpoint, start_delay=start_delay)

    async def stop(self, project_id: UUID) -> None:
        pod = self.pods.get(project_id)
        if pod is not None:
            self._enter(pod, PodPhase.STOPPING)
            await asyncio.sleep(self.start_delay)
        await super().stop(project_id)


class NeverRuntime(FakeRuntime):
    """Takes the wish and never fulfils it."""

    async def _come_up(self, pod: FakePod) -> None:
        self._enter(pod, PodPhase.PENDING, "OpenCode is starting")


class DiesRuntime(FakeRuntime):
    """Every pod comes up, dies after `lives_for` seconds, and stays down."""

    def __init__(self, *, endpoint: Endpoint = ENDPOINT, lives_for: float = 0.1) -> None:
        super().__init__(endpoint=endpoint)
        self.lives_for = lives_for

    async def _come_up(self, pod: FakePod) -> None:
        self._enter(pod, PodPhase.RUNNING)
        await asyncio.sleep(self.lives_for)
        self._enter(pod, PodPhase.FAILED, "OpenCode ended with exit code 1; restarting in 60 s")


class ForgetsRuntime(FakeRuntime):
    """Loses its pods without a word to those who watch, as a node that was taken away does."""

    def forget(self, project_id: UUID) -> None:
        self.pods.pop(project_id, None)


class RefusesRuntime(FakeRuntime):
    """Every verb that changes something fails."""

    async def ensure(self, spec: PodSpec) -> None:
        raise RuntimeFault("The place where pods run cannot be reached.")

    async def stop(self, project_id: UUID) -> None:
        raise RuntimeFault("The place where pods run cannot be reached.")
