"""A small world for streams and sockets: a hub, rows in a dictionary, one person who is signed in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
from fastapi import FastAPI, Header, WebSocket
from starlette.responses import StreamingResponse

from opm.server.api import errors
from opm.server.api.deps import PortsDep
from opm.server.api.output import Pace as OutputPace
from opm.server.api.output import output_stream
from opm.server.api.realtime import Pace as SocketPace
from opm.server.api.realtime import serve_socket
from opm.server.api.signins import SignIns
from opm.server.api.vigil import Vigil, VigilDep
from opm.server.core.actor import Actor
from opm.server.core.clock import SystemClock
from opm.server.core.crypto import Keyring
from opm.server.core.errors import NotFound, Unavailable
from opm.server.core.metrics import Metrics
from opm.server.core.settings import LimitSettings, Settings
from opm.server.core.tokens import AccessClaims, AccessTokens
from opm.server.features.users.schemas import Living
from opm.server.realtime.bus import Message, output_topic, project_topic
from opm.server.realtime.hub import Hub
from opm.server.realtime.limiter import StoredLimiter
from opm.server.wiring import Ports
from opm.wire import sse
from tests.builders import NO_RATES
from tests.fakes.bus import GappyBus


class World:
    """Stands where the ports of a process stand, as far as streams and sockets look."""

    def __init__(self, *, backlog: int = 1 << 20, streams_per_user: int = 20) -> None:
        self.settings = Settings(limits=LimitSettings(streams_per_user=streams_per_user), rates=NO_RATES)
        self.clock = SystemClock()
        self.cipher = Keyring({"a": b"k" * 32})
        self.bus = GappyBus()
        self.limiter = StoredLimiter(self.settings.rates)
        self.hub = Hub(self.bus, backlog_bytes=backlog, linger=0.2)
        self.actor = Actor(user_id=uuid4(), auth_session=uuid4())
        self.session = uuid4()
        self.projects: set[str] = set()
        self.rows: list[tuple[int, str, bytes]] = []
        self.signed_in = True
        self.database_down = False
        self.open_scopes = 0
        self.reads = 0
        self.identity = None
        self.metrics = Metrics()

    @contextlib.asynccontextmanager
    async def scope(self, *, write: bool = True) -> AsyncIterator[Any]:
        assert not write, "watching writes nothing"
        if self.database_down:
            raise Unavailable("The database does not answer.")
        self.open_scopes += 1
        try:
            await asyncio.sleep(0)
            yield _Scope(self)
        finally:
            self.open_scopes -= 1

    # --- what happens --------------------------------------------------------------------------------------

    def save(self, *events: str, kind: str = "output") -> Message:
        """Rows in the database, not announced yet."""
        first = len(self.rows) + 1
        new = [(first + i, kind, orjson.dumps({"type": kind, "data": data})) for i, data in enumerate(events)]
        self.rows += new
        body = b"".join(sse.frame(*row) for row in new)
        return Message(output_topic(self.session), body, first, first + len(events) - 1)

    async def put_out(self, *events: str, kind: str = "output") -> None:
        await self.bus.publish([self.save(*events, kind=kind)])

    async def tell(self, project: UUID, number: int, filler: str = "") -> None:
        await self.bus.publish([Message(project_topic(project), orjson.dumps({"n": number, "filler": filler}))])

    def token(self) -> str:
        now = self.clock.now()
        assert self.actor.auth_session
        claims = AccessClaims(self.actor.user_id, None, "Ada", self.actor.auth_session, now + timedelta(hours=1))
        return AccessTokens(lambda: self.cipher.derive_all("jwt-access")).issue(claims, now)

    @property
    def ports(self) -> Ports:
        return cast("Ports", self)

    def sign_out(self) -> None:
        """In another process: nothing here is told."""
        self.signed_in = False

    def app(self, output: OutputPace | None = None, socket: SocketPace | None = None) -> FastAPI:
        app = FastAPI()
        app.state.ports = self
        app.state.sign_ins = SignIns(self.ports)
        app.state.vigil = Vigil(app.state.sign_ins, 0.1)
        errors.install(app)

        @app.get("/output", response_model=None)
        async def stream(
            ports: PortsDep, vigil: VigilDep, last_event_id: str | None = Header(None)
        ) -> StreamingResponse:
            return output_stream(ports, vigil, self.actor, self.session, last_event_id, output)

        @app.websocket("/ws")
        async def live(websocket: WebSocket, ports: PortsDep) -> None:
            await serve_socket(websocket, ports, socket or SocketPace())

        return app


class _Scope:
    """`users`, `projects` and `output` at once: no two of their methods share a name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.users = self.projects = self.output = self

    async def living(self, families: list[UUID]) -> dict[UUID, Living]:
        actor = self._world.actor
        living = Living(actor.user_id, "write", None, self._world.clock.now(), refreshable=False, is_admin=False)
        return {family: living for family in families if self._world.signed_in and family == actor.auth_session}

    async def require(self, actor: Actor, ref: str) -> None:
        if actor.user_id != self._world.actor.user_id or ref not in self._world.projects:
            raise NotFound("There is no such project.")

    async def rows(self, session_id: UUID, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        assert session_id == self._world.session
        self._world.reads += 1
        return self._world.rows[max(after, 0) : max(after, 0) + limit]


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    for _ in range(int(seconds * 200)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to pass in time")
