"""A sidecar under test, served for real on a loopback port, and a client that shows a fresh pass each time."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from starlette.applications import Starlette
from yarl import URL

from opm.sidecar.app import server
from opm.sidecar.settings import PodSettings
from opm.wire.passes import PassPart, issue

PROJECT = UUID("0197b8f6-0000-7000-8000-00000000000a")
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def settings(part: PassPart, workspace: Path, **changes: Any) -> PodSettings:
    values: dict[str, Any] = {
        "part": part,
        "project_id": PROJECT,
        "host": "127.0.0.1",
        "port": 1,
        "workspace": workspace,
        "allowed_hosts": HOSTS,
        "pass_key": secrets.token_bytes(32),
        **changes,
    }
    return PodSettings(**values)


class Client:
    """``request`` signs the path as it goes over the wire; ``raw`` sends exactly the headers given."""

    def __init__(self, http: aiohttp.ClientSession, url: str, settings: PodSettings) -> None:
        self._http = http
        self.url = url
        self._settings = settings

    def shown(self, method: str, path: str, /, **changes: Any) -> dict[str, str]:
        claims: dict[str, Any] = {
            "key": self._settings.pass_key,
            "project_id": self._settings.project_id,
            "part": self._settings.part,
            "method": method,
            "path": URL(self.url + path, encoded=True).raw_path,
            **changes,
        }
        return {"Authorization": f"Bearer {issue(claims.pop('key'), **claims)}"}

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self.raw(method, path, {**self.shown(method, path), **(headers or {})}, **more)

    def raw(
        self, method: str, path: str, headers: Mapping[str, str], **more: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._http.request(method, URL(self.url + path, encoded=True), headers=headers, **more)

    async def json(self, method: str, path: str, expect: int = 200, **more: Any) -> Any:
        async with self.request(method, path, **more) as response:
            body = await response.read()
            assert response.status == expect, (response.status, body[:500])
            return await response.json() if body else None

    async def refused(self, method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        """The error, after checking that it has the one form every error has."""
        found = await self.json(method, path, expect=status, **more)
        assert found.keys() == {"error"}
        assert found["error"].keys() == {"type", "message", "status", "details"}
        assert found["error"]["status"] == status
        return found["error"]


@asynccontextmanager
async def served(app: Starlette, closing: asyncio.Event | None = None) -> AsyncGenerator[str]:
    """The application behind the same server as in a pod; gives its base address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        serving = server(app, "127.0.0.1", port, closing)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        while not serving.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            serving.should_exit = True
            await task


@asynccontextmanager
async def client_of(
    app: Starlette, settings: PodSettings, closing: asyncio.Event | None = None
) -> AsyncGenerator[Client]:
    timeout = aiohttp.ClientTimeout(total=60)
    async with (
        served(app, closing) as url,
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http,
    ):
        yield Client(http, url, settings)


class Events:
    """Reads a stream of server-sent events, and keeps what it has read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._lines = response.content
        self.seen: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any] | None:
        """None: the stream has ended."""
        async for line in self._lines:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                assert event.keys() == {"type", "properties"}
                self.seen.append(event)
                return event
        return None

    async def until(self, kind: str, seconds: float = 30) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while (event := await self.next()) is not None:
                if event["type"] == kind:
                    return event["properties"]
        raise AssertionError(f"the stream ended without {kind}")

    async def rest(self, seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while await self.next() is not None:
                continue

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.seen]
