"""All pods in one service: an agent for each project, behind what a session sidecar answers, and a ledger of prompts.

It outlives every controller. Paths begin with ``/p/<project id>``; ``/runtime`` beside them stands for the place where
pods run.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from opm.server.core.errors import NotFound, OpmError
from opm.sidecar.errors import Refused
from opm.sidecar.session.fences import Fences
from opm.wire import fence
from tests.fakes.agent import FakeAgent, Script

_HEARTBEAT_SECONDS = 5.0


class Pods:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.agents: defaultdict[str, FakeAgent] = defaultdict(lambda: FakeAgent(script))
        self.delivered: Counter[str] = Counter()
        """How often each prompt reached the agent, by its message id."""
        self.refused: list[str] = []
        """What drivers of the past tried: method and path."""
        self._fences: defaultdict[str, Fences] = defaultdict(lambda: Fences(_nowhere))
        self._digests: dict[str, str] = {}
        self.url = ""

    async def start(self) -> None:
        app = web.Application(middlewares=[self._guarded], client_max_size=8 << 20)
        app.add_routes(
            [
                web.put("/runtime/{project}", self._ensure),
                web.get("/runtime/{project}", self._observe),
                web.delete("/runtime/{project}", self._stop),
                web.get("/p/{project}/events", self._events),
                web.post("/p/{project}/session", self._create),
                web.post("/p/{project}/session/{id}/prompt", self._prompt),
                web.get("/p/{project}/session/{id}/message/{message}", self._of(lambda a, m: a.message(*m))),
                web.get("/p/{project}/session/{id}/message", self._messages),
                web.get("/p/{project}/session/{id}", self._of(lambda a, m: a.session(*m))),
                web.get("/p/{project}/session/{id}/children", self._of(lambda a, m: a.children(*m))),
                web.get("/p/{project}/session/{id}/diff", self._of(lambda a, m: a.diff(m[0], ""))),
                web.post("/p/{project}/session/{id}/abort", self._of(lambda a, m: a.abort(*m))),
                web.get("/p/{project}/status", self._of(lambda a, _: a.status())),
                web.get("/p/{project}/permission", self._of(lambda a, _: a.permissions())),
                web.get("/p/{project}/question", self._of(lambda a, _: a.questions())),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        for agent in self.agents.values():
            await agent.crash()
        await self._runner.cleanup()

    # --- the place where pods run ----------------------------------------------------------------------------

    async def _ensure(self, request: web.Request) -> web.Response:
        self._digests[request.match_info["project"]] = (await request.json())["digest"]
        return web.json_response({})

    async def _observe(self, request: web.Request) -> web.Response:
        return web.json_response({"digest": self._digests.get(request.match_info["project"])})

    async def _stop(self, request: web.Request) -> web.Response:
        self._digests.pop(request.match_info["project"], None)
        return web.json_response({})

    # --- what a session sidecar answers ----------------------------------------------------------------------

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Callable[..., Awaitable[web.StreamResponse]]) -> Any:
        try:
            shown = request.headers.get(fence.HEADER)
            if shown is not None:
                self._fences[request.match_info["project"]].admit(shown)
            return await handler(request)
        except Refused as exc:
            self.refused.append(f"{request.method} {request.path}")
            return _said(exc.status, exc.message, exc.details)
        except OpmError as exc:
            return _said(404 if isinstance(exc, NotFound) else 503, exc.message, exc.details)

    def _agent(self, request: web.Request) -> FakeAgent:
        return self.agents[request.match_info["project"]]

    def _of(self, ask: Callable[[Any, list[str]], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            names = [request.match_info[name] for name in ("id", "message") if name in request.match_info]
            return web.json_response(await ask(self._agent(request), names))

        return answer

    async def _create(self, request: web.Request) -> web.Response:
        return web.json_response({"id": await self._agent(request).create_session((await request.json())["title"])})

    async def _prompt(self, request: web.Request) -> web.Response:
        assert fence.HEADER in request.headers, "or one that was replaced could not be told"
        body = await request.json()
        self.delivered[body["messageID"]] += 1
        await self._agent(request).prompt(request.match_info["id"], body)
        return web.Response(status=204)

    async def _messages(self, request: web.Request) -> web.Response:
        limit, before = int(request.query["limit"]), request.query.get("before")
        page = await self._agent(request).messages(request.match_info["id"], limit, before)
        return web.json_response(page.messages, headers={"X-Next-Cursor": page.older} if page.older else None)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        events = self._agent(request).events()
        following = asyncio.ensure_future(anext(events))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=_HEARTBEAT_SECONDS)
                if not done:
                    await response.write(b": alive\n\n")
                    continue
                event = following.result()
                said = json.dumps({"type": event.type, "properties": dict(event.properties)})
                await response.write(f"data: {said}\n\n".encode())
                following = asyncio.ensure_future(anext(events))
        except (StopAsyncIteration, ConnectionError):
            return response
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await events.aclose()


def _said(status: int, message: str, details: Any) -> web.Response:
    error = {"type": "CONFLICT", "message": message, "status": status, "details": details}
    return web.json_response({"error": error}, status=status)


async def _nowhere(*_: Any) -> None:
    """Only what is admitted is asked of the fences here."""
