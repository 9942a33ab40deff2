"""The `Runtime` whose pods are processes of this machine."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from uuid import UUID

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Observation, Part, PodPhase, PodSpec
from opm.server.runtime.board import Board
from opm.server.runtime.local import adoption, logs
from opm.server.runtime.local.layout import TRASH, PodLayout, delete_tree
from opm.server.runtime.local.pod import Pod
from opm.server.runtime.local.settings import LocalSettings
from opm.server.runtime.redaction import Redactor

LOCK_PATIENCE = 2.0


class LocalRuntime:
    """See `Runtime` for what each verb promises."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._root = settings.data_dir / "pods"
        self._pods: dict[UUID, Pod] = {}
        self._board = Board()
        self._lock = -1

    async def open(self) -> None:
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            await self._take_lock()
            for litter in self._root.glob(f"{TRASH}*"):
                await asyncio.to_thread(delete_tree, litter)
            for project_id in adoption.known_projects(self._root):
                pod = self._make(project_id)
                if not await adoption.adopt_or_end(pod, limit=self._settings.stop_timeout):
                    del self._pods[project_id]
        except OSError as error:
            raise RuntimeFault(f"The data directory {self._root} cannot be used: {error.strerror}.") from error

    async def close(self) -> None:
        pods = list(self._pods.values())
        if self._settings.keep_on_close:
            results = await asyncio.gather(*(pod.release() for pod in pods), return_exceptions=True)
        else:
            results = await asyncio.gather(*(pod.stop() for pod in pods), return_exceptions=True)
        self._pods.clear()
        self._board.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def ensure(self, spec: PodSpec) -> None:
        if self._lock < 0:
            raise RuntimeFault("The local runtime is not open.")
        self._make(spec.project_id).ensure(spec)

    async def stop(self, project_id: UUID) -> None:
        pod = self._pods.get(project_id)
        if pod is not None:
            await pod.stop()

    async def remove(self, project_id: UUID) -> None:
        await self._make(project_id).stop(remove=True)
        if self._pods[project_id].observation().phase is PodPhase.ABSENT:
            del self._pods[project_id]

    async def observe(self, project_id: UUID) -> Observation:
        pod = self._pods.get(project_id)
        return Observation(project_id, PodPhase.ABSENT) if pod is None else pod.observation()

    async def known(self) -> set[UUID]:
        return set(await asyncio.to_thread(adoption.known_projects, self._root))

    async def watch(self) -> AsyncIterator[Observation]:
        with self._board.reader([pod.observation() for pod in self._pods.values()]) as reader:
            async for observation in reader:
                yield observation

    async def logs(self, project_id: UUID, part: Part, lines: int = 200) -> list[str]:
        pod = self._pods.get(project_id)
        redact = pod.redact if pod is not None else Redactor()
        log = PodLayout.of(self._settings.data_dir, project_id).log(part)
        return await asyncio.to_thread(logs.tail, log, lines, redact)

    def _make(self, project_id: UUID) -> Pod:
        if project_id not in self._pods:
            self._pods[project_id] = Pod(project_id, self._settings, self._board.post)
        return self._pods[project_id]

    async def _take_lock(self) -> None:
        """Two controllers on one data directory would take each other's pods for leftovers.

        A child that a killed controller had just forked holds the lock until it becomes its program, and only then
        can it be recognised: having the lock means that every leftover can be found.
        """
        lock = os.open(self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _locked(lock):
            if time.monotonic() > deadline:
                os.close(lock)
                raise RuntimeFault(
                    f"Another server already uses {self._root}: stop it, or choose another data directory."
                )
            await asyncio.sleep(0.05)
        self._lock = lock


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
