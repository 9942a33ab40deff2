"""A proxy in front of a cluster's API that fails as busy ones do: refusals, conflicts, lost places, cut watches."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.kubernetes.credentials import Cluster
from tests.fakes.kubernetes import failure

HOP = frozenset({"transfer-encoding", "content-length", "connection", "content-encoding"})


@dataclass
class Faults:
    """Shares of requests that fail; `lost` are those that were done and whose answer did not come through."""

    busy: float = 0.0
    conflicts: float = 0.0
    lost: float = 0.0
    forgotten: float = 0.0
    """Of watches that are to be continued: 410."""
    cut_after: float | None = None
    """Seconds after which every watch is cut off."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    made: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])

    def end(self) -> None:
        self.busy = self.conflicts = self.lost = self.forgotten = 0.0
        self.cut_after = None

    def before(self, request: web.Request) -> web.Response | None:
        watching = request.query.get("watch") == "true"
        self.calls["watch" if watching else request.method] += 1
        roll = self.dice.random()
        if watching and roll < self.forgotten:
            return self._fail(410, "Expired", "too old resource version")
        if roll < self.busy:
            code = self.dice.choice([429, 429, 500, 503])
            response = self._fail(code, "TooManyRequests" if code == 429 else "InternalError", "made to fail")
            if code == 429:
                response.headers["Retry-After"] = "1"
            return response
        if request.method in {"PATCH", "DELETE"} and self.dice.random() < self.conflicts:
            return self._fail(409, "Conflict", "the object has been modified; made to fail")
        return None

    def _fail(self, code: int, reason: str, message: str) -> web.Response:
        self.made[str(code)] += 1
        return failure(code, reason, message)

    def loses(self, request: web.Request) -> bool:
        lost = request.method != "GET" and self.dice.random() < self.lost
        self.made["lost"] += lost
        return lost


class FaultyProxy:
    def __init__(self, behind: Cluster, faults: Faults) -> None:
        self._behind = behind
        self._faults = faults
        self._address = ""

    def find(self, _: KubernetesSettings) -> Cluster:
        return Cluster(self._address, None, self._behind.token)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FaultyProxy"]:
        connector = aiohttp.TCPConnector(ssl=self._behind.tls or True, limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as http:

            async def handle(request: web.Request) -> web.StreamResponse:
                return await self._pass(request, http)

            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handle)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self._address = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield self
            finally:
                await runner.cleanup()

    async def _pass(self, request: web.Request, http: aiohttp.ClientSession) -> web.StreamResponse:
        failed = self._faults.before(request)
        if failed is not None:
            return failed
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {*HOP, "host"}}
        body = await request.read()
        timeout = aiohttp.ClientTimeout(total=None)
        url = self._behind.server + request.path_qs
        async with http.request(request.method, url, data=body, headers=headers, timeout=timeout) as answer:
            if self._faults.loses(request):
                await answer.read()
                assert request.transport is not None
                request.transport.abort()
                return web.Response(status=500)
            return await self._stream(request, answer)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        cut = self._faults.cut_after if request.query.get("watch") == "true" else None
        try:
            async with asyncio.timeout(cut):
                async for piece in answer.content.iter_any():
                    await response.write(piece)
        except TimeoutError:
            self._faults.made["cut"] += 1
            assert request.transport is not None
            request.transport.abort()
        return response
