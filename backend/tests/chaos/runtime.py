"""The place where pods run, seen from any controller: a service that all of them ask."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.base import Endpoint, Observation, Part, PartStatus, PodPhase, PodSpec


class SharedRuntime:
    def __init__(self, url: str) -> None:
        self._url = url
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def close(self) -> None:
        """Pods stay, as they do where they are no processes of this machine."""
        if self._http is not None:
            await self._http.close()

    async def ensure(self, spec: PodSpec) -> None:
        await self._ask("PUT", spec.project_id, {"digest": spec.digest})

    async def stop(self, project_id: UUID) -> None:
        await self._ask("DELETE", project_id)

    async def remove(self, project_id: UUID) -> None:
        await self.stop(project_id)

    async def known(self) -> set[UUID]:
        return set()  # nothing is left behind by pods that all controllers share

    async def observe(self, project_id: UUID) -> Observation:
        digest = (await self._ask("GET", project_id))["digest"]
        if digest is None:
            return Observation(project_id, PodPhase.ABSENT)
        pod = f"{self._url}/p/{project_id}"
        parts = tuple(PartStatus(part, ready=True) for part in (Part.OPENCODE, Part.FILES, Part.SESSION))
        return Observation(
            project_id=project_id,
            phase=PodPhase.RUNNING,
            digest=digest,
            incarnation="one",
            endpoint=Endpoint(files_url=pod, session_url=pod),
            parts=parts,
        )

    async def watch(self) -> AsyncIterator[Observation]:
        await asyncio.Event().wait()
        yield Observation(UUID(int=0), PodPhase.ABSENT)

    async def logs(self, project_id: UUID, part: Part, lines: int = 200) -> list[str]:
        return []

    async def _ask(self, method: str, project_id: UUID, body: object = None) -> dict[str, str | None]:
        assert self._http is not None
        try:
            async with self._http.request(method, f"{self._url}/runtime/{project_id}", json=body) as answer:
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise RuntimeFault("The place where pods run cannot be reached.") from exc
