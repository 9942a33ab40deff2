"""The `Runtime` whose pods are those of a Kubernetes cluster.

Every controller watches all pods, since each has to know where they are; whoever leads changes them, and nothing goes
wrong when two believe that they do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from opm.server.core.errors import RuntimeFault
from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import Observation, Part, PodPhase, PodSpec
from opm.server.runtime.board import Board
from opm.server.runtime.kubernetes import logs, names, view
from opm.server.runtime.kubernetes.api import CLAIMS, EVENTS, PODS, Api
from opm.server.runtime.kubernetes.credentials import Cluster, find_cluster
from opm.server.runtime.kubernetes.errand import Errand
from opm.server.runtime.kubernetes.making import Workshop, ended, fits, lacks_config
from opm.server.runtime.kubernetes.manifests import Plan
from opm.server.runtime.kubernetes.objects import Claim, Event, Pod
from opm.server.runtime.kubernetes.store import Store
from opm.server.runtime.kubernetes.usage import Usage
from opm.server.runtime.kubernetes.watch import Reflector

log = structlog.get_logger(__name__)

REMAKE_FIRST, REMAKE_MOST, FORGIVEN = 10.0, 300.0, 900.0
"""Seconds before a pod that ended as a whole is made anew for the second time, at most, and when all is forgotten."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What there is between `open` and `close`."""

    api: Api
    workshop: Workshop
    usage: Usage
    reflectors: tuple[Reflector[Pod], Reflector[Claim], Reflector[Event]]
    tasks: tuple[asyncio.Task[None], ...]


class KubernetesRuntime:
    """See `Runtime` for what each verb promises."""

    def __init__(
        self,
        settings: KubernetesSettings,
        *,
        start_timeout: float = 60.0,
        find: Callable[[KubernetesSettings], Cluster] = find_cluster,
        pace: float = 1.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`pace` stretches all pauses."""
        self._settings = settings
        self._start_timeout = start_timeout
        self._find = find
        self._pace = pace
        self._now = now
        self._board = Board()
        self._store = Store(self._tell)
        self._errands: dict[UUID, Errand] = {}
        self._remade: dict[UUID, tuple[int, float]] = {}
        self._opened: Opened | None = None

    async def open(self) -> None:
        cluster = await asyncio.to_thread(self._find, self._settings)
        api = Api(cluster, self._settings.namespace, pace=self._pace)
        reflectors = (
            Reflector(api, PODS, Pod, self._store.pods, names.SELECTOR),
            Reflector(api, CLAIMS, Claim, self._store.claims, names.SELECTOR),
            Reflector(api, EVENTS, Event, self._store.events),
        )
        tasks = tuple(asyncio.create_task(reflector.run()) for reflector in reflectors)
        workshop = Workshop(api, self._store, self._settings.delete_timeout)
        self._opened = Opened(api, workshop, Usage(api), reflectors, tasks)
        try:
            async with asyncio.timeout(self._settings.sync_timeout):
                await asyncio.gather(*(reflector.synced.wait() for reflector in reflectors))
        except TimeoutError:
            # Boards can be read without a cluster; pods are known when it answers.
            log.warning("the cluster does not answer yet", reason=self._trouble())

    async def close(self) -> None:
        """Pods go on; they are the cluster's."""
        opened, self._opened = self._opened, None
        self._board.close()
        await asyncio.gather(*(errand.call_off() for errand in self._errands.values()))
        self._errands.clear()
        if opened is not None:
            for task in opened.tasks:
                task.cancel()
            await asyncio.gather(*opened.tasks, return_exceptions=True)
            await opened.usage.close()
            await opened.api.close()

    async def ensure(self, spec: PodSpec) -> None:
        workshop = self._open().workshop
        plan = Plan(self._settings, spec, self._start_timeout)
        before = self._errands.get(spec.project_id)
        if before is not None and before.under_way and before.plan == plan:
            return
        pod = self._store.pods.get(spec.project_id)
        suits = pod is not None and fits(plan, pod)
        if pod is not None and suits and not (lacks_config(pod) and self._failed(spec.project_id)):
            await self._call_off(spec.project_id)
            self._tell(spec.project_id)
            return

        async def make(wanted: Plan) -> None:
            await self._before_remaking(wanted.spec.project_id)
            await workshop.make(wanted)

        self._errands[spec.project_id] = Errand(
            plan,
            make,
            lambda: self._tell(spec.project_id),
            after=before,
            quiet=suits,
            pace=self._pace,
        )
        self._tell(spec.project_id)

    async def stop(self, project_id: UUID) -> None:
        workshop = self._open().workshop
        await self._call_off(project_id)
        pod = await workshop.pod(names.name_of(project_id))
        if pod is not None:
            await workshop.end(pod)
        elif (known := self._store.pods.get(project_id)) is not None:
            self._store.pods.drop(known)
        await workshop.strip(names.name_of(project_id))
        self._tell(project_id)

    async def remove(self, project_id: UUID) -> None:
        workshop = self._open().workshop
        await self._call_off(project_id)
        await workshop.clear(names.name_of(project_id))
        for shelf in (self._store.pods, self._store.claims):
            if (known := shelf.get(project_id)) is not None:
                shelf.drop(known)  # pyright: ignore[reportArgumentType]  each shelf its own kind
        self._remade.pop(project_id, None)
        self._tell(project_id)

    async def observe(self, project_id: UUID) -> Observation:
        opened = self._open()
        if not opened.reflectors[0].synced.is_set():
            raise RuntimeFault(self._trouble())
        return view.with_memory(self._observation(project_id), opened.usage.of(names.name_of(project_id)))

    async def known(self) -> set[UUID]:
        return self._store.known()

    async def watch(self) -> AsyncIterator[Observation]:
        with self._board.reader([self._observation(project_id) for project_id in self._store.pods]) as reader:
            async for observation in reader:
                yield observation

    async def logs(self, project_id: UUID, part: Part, lines: int = 200) -> list[str]:
        return await logs.tail(self._open().api, names.name_of(project_id), part, lines)

    def _open(self) -> Opened:
        if self._opened is None:
            raise RuntimeFault("The runtime on Kubernetes is not open.")
        return self._opened

    def _trouble(self) -> str:
        opened = self._open()
        found = [reflector.trouble for reflector in opened.reflectors if reflector.trouble]
        return found[0] if found else "The Kubernetes API was not heard yet; this takes a few seconds."

    def _observation(self, project_id: UUID) -> Observation:
        errand = self._errands.get(project_id)
        return view.observation(
            project_id,
            self._settings.namespace,
            self._store.pods.get(project_id),
            self._store.events_of(project_id),
            errand.effort if errand is not None else None,
            self._now(),
        )

    def _failed(self, project_id: UUID) -> bool:
        return self._observation(project_id).phase is PodPhase.FAILED

    def _tell(self, project_id: UUID) -> None:
        self._board.post(self._observation(project_id))

    async def _call_off(self, project_id: UUID) -> None:
        errand = self._errands.pop(project_id, None)
        if errand is not None:
            await errand.call_off()

    async def _before_remaking(self, project_id: UUID) -> None:
        """A pod that is evicted again and again is made anew more and more seldom."""
        pod = self._store.pods.get(project_id)
        if pod is None or not ended(pod):
            return
        clock = asyncio.get_running_loop().time
        times, last = self._remade.get(project_id, (0, 0.0))
        times = times if clock() - last < FORGIVEN * self._pace else 0
        if times:
            await asyncio.sleep(self._pace * min(REMAKE_MOST, REMAKE_FIRST * 2.0 ** (times - 1)))
        self._remade[project_id] = (times + 1, clock())
