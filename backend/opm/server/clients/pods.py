"""The clients of all pods over one pool of connections."""

import aiohttp

from opm.server.clients.base import AgentClient, FileClient, PodAddress, TerminalClient
from opm.server.clients.filebrowser import HttpFiles
from opm.server.clients.http import Sidecar, open_pool
from opm.server.clients.opencode import HttpAgent
from opm.server.clients.terminals import HttpTerminals


class HttpPodClients:
    """Made before the event loop runs; the pool opens with the first client."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    def agent(self, address: PodAddress) -> AgentClient:
        return HttpAgent(
            Sidecar(
                self._pool(),
                address.session_url,
                project_id=address.project_id,
                part="session",
                key=address.pass_key,
                hold=address.hold,
            )
        )

    def files(self, address: PodAddress) -> FileClient:
        return HttpFiles(
            Sidecar(self._pool(), address.files_url, project_id=address.project_id, part="files", key=address.pass_key)
        )

    def terminals(self, address: PodAddress) -> TerminalClient:
        return HttpTerminals(
            Sidecar(
                self._pool(),
                address.session_url,
                project_id=address.project_id,
                part="session",
                key=address.pass_key,
            )
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _pool(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = open_pool()
        return self._http
