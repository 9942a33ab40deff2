"""Watches of an API that does not keep to what it was asked: one that hangs, one that ends them all at once."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest
from aiohttp import web

from opm.server.runtime.kubernetes.api import PODS, Api
from opm.server.runtime.kubernetes.credentials import Cluster
from opm.server.runtime.kubernetes.objects import Pod
from opm.server.runtime.kubernetes.watch import Reflector

Watch = Callable[[int, web.StreamResponse, web.Request], Awaitable[None]]
"""How a watch is answered: given the number of the watch, from 1."""


class Kept:
    def __init__(self) -> None:
        self.names: list[str] = []

    def replace(self, items: Iterable[Pod]) -> None:
        self.names = [item.metadata.name for item in items]

    def put(self, item: Pod) -> None:
        self.names.append(item.metadata.name)

    def drop(self, item: Pod) -> None:
        self.names.remove(item.metadata.name)


class Watched:
    """An API without pods; `watches` are the answers to them that were begun."""

    def __init__(self, watch: Watch) -> None:
        self.kept = Kept()
        self.watches = 0
        self.lists = 0
        self._watch = watch

    @contextlib.asynccontextmanager
    async def reflected(
        self, *, pace: float, seconds: float = 240.0, late: float = 30.0
    ) -> AsyncIterator[Reflector[Pod]]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api = Api(Cluster(f"http://127.0.0.1:{runner.addresses[0][1]}", None, lambda: ""), "here", pace=pace)
        reflector = Reflector(api, PODS, Pod, self.kept, seconds=seconds, late=late)
        running = asyncio.create_task(reflector.run())
        try:
            yield reflector
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await api.close()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            self.lists += 1
            return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})
        self.watches += 1
        response = web.StreamResponse()
        await self._watch(self.watches, response, request)
        return response


async def until(holds: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("answers", [True, False], ids=["after its first line", "before it answers"])
async def test_a_watch_that_hangs_is_told_and_begun_anew(answers: bool) -> None:
    """The connection lives all the time."""
    hung, mended = asyncio.Event(), asyncio.Event()

    async def watch(number: int, response: web.StreamResponse, request: web.Request) -> None:
        if number == 1:
            if answers:
                await response.prepare(request)
                await response.write(told("BOOKMARK", "", version=2))
            hung.set()
            await asyncio.Event().wait()
        await mended.wait()
        await response.prepare(request)
        await response.write(told("ADDED", "missed", version=3))
        await asyncio.Event().wait()

    watched = Watched(watch)
    async with watched.reflected(pace=0.01, seconds=0, late=0.3) as reflector:
        await asyncio.wait_for(hung.wait(), 5)
        assert reflector.trouble is None
        await until(lambda: reflector.trouble)
        mended.set()
        await until(lambda: "missed" in watched.kept.names and reflector.trouble is None)
        assert watched.lists == 1, "it went on from where it was"


async def test_an_api_that_ends_every_watch_at_once_is_not_asked_without_a_pause() -> None:
    async def watch(_: int, response: web.StreamResponse, request: web.Request) -> None:
        await response.prepare(request)

    watched = Watched(watch)
    async with watched.reflected(pace=1.0) as reflector:
        await until(lambda: watched.watches)
        await asyncio.sleep(1)
        assert watched.watches <= 4
        assert "as soon as it began" in (reflector.trouble or "")
        assert watched.lists == 1


def told(change: str, name: str, version: int) -> bytes:
    item = {"metadata": {"name": name, "resourceVersion": str(version)}}
    return json.dumps({"type": change, "object": item}).encode() + b"\n"
