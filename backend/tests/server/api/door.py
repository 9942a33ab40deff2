"""A door to test through: the edge and sign-in over a real SQLite file, with a few rooms that only tests have."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.responses import StreamingResponse

from opm.server.api import account, auth, errors, health, middleware, oidc, people, spa
from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.clients.addresses import AddressGuard, for_providers, for_repositories
from opm.server.clients.oidc.base import IdentityProvider
from opm.server.clients.providers import HttpProviders
from opm.server.core.crypto import Keyring
from opm.server.core.errors import Conflict, Internal, RuntimeFault, Unavailable
from opm.server.core.settings import Settings
from opm.server.db.base import Base
from opm.server.db.engine import Database
from opm.server.realtime.hub import Hub
from opm.server.realtime.limiter import StoredLimiter
from opm.server.realtime.memory import MemoryBus
from opm.server.wiring import Ports
from tests.builders import NO_RATES
from tests.fakes.agent import FakePodClients
from tests.fakes.clock import MovedClock
from tests.fakes.runtime import FakeRuntime

ORIGIN = "http://127.0.0.1:8400"
router = APIRouter()


class Thing(BaseModel):
    size: int = Field(ge=1)
    note: str = ""


class Rows(BaseModel):
    rows: list[str]


class Seen(BaseModel):
    bytes: int


@router.post("/things")
async def make_thing(body: Thing, actor: ActorDep) -> Thing:
    assert actor.name
    return body


@router.get("/rows")
async def list_rows(count: int) -> Rows:
    return Rows(rows=[f"row {number}" for number in range(count)])


@router.get("/paged")
async def paged(page: PageDep) -> Seen:
    return Seen(bytes=page.limit)


@router.post("/projects/demo/files/write")
async def write_file(request: Request) -> Seen:
    return Seen(bytes=len(await request.body()))


@router.post("/bodies")
async def count_body(request: Request) -> Seen:
    return Seen(bytes=len(await request.body()))


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"data: " + b"x" * 2000 + b"\n\n"
        yield b"data: end\n\n"

    return StreamingResponse(parts(), media_type="text/event-stream")


@router.get("/half")
async def half_an_answer() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise ZeroDivisionError("secret of the house")

    return StreamingResponse(parts())


@router.get("/fails/{how}")
async def fail(how: str) -> Seen:
    raise {
        "crash": ZeroDivisionError("secret of the house"),
        "internal": Internal("secret of the house"),
        "runtime": RuntimeFault("The place where pods run refused."),
        "unavailable": Unavailable("The workspace is starting.", reason="pod_starting"),
        "conflict": Conflict("Changed meanwhile.", reason="changed", etag="7"),
    }[how]


@router.post("/users")
async def save_and_fail(scope: ScopeDep, fail: bool = False) -> Seen:
    await scope.users.ensure_local_user()
    if fail:
        raise Conflict("no")
    return Seen(bytes=1)


class Door:
    def __init__(self, ports: Ports, clock: MovedClock, web: Path) -> None:
        self.ports = ports
        self.clock = clock
        self.app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, responses=errors.RESPONSES)
        self.app.state.ports = ports
        errors.install(self.app)
        middleware.install(self.app, ports.settings)
        for module in (router, *(one.router for one in (auth, oidc, account, people, health))):
            self.app.include_router(module, prefix="/api")
        spa.install(self.app, web)

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Sends what a browser sends from our own page."""
        return self.client(**({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"} | headers))

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 55_555))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers, trust_env=False)

    async def launch_token(self) -> str:
        async with self.ports.scope() as scope:
            return await scope.users.issue_launch()

    async def sign_in(self, client: httpx.AsyncClient) -> httpx.Response:
        answer = await client.post("/api/auth/launch", json={"token": await self.launch_token()})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return answer

    async def bearer(self) -> str:
        """The access token of a program that signed in."""
        async with self.client(**{"X-OPM-Client": "api"}) as client:
            return (await self.sign_in(client)).json()["access_token"]


async def all_rows(door: Door, model: type) -> list[Any]:
    async with door.ports.db.session(write=False) as session:
        return list((await session.execute(select(model).order_by(model.id))).scalars())


def settings_for(folder: Path, **given: object) -> Settings:
    return Settings(data_dir=folder, **{"rates": NO_RATES} | given)  # pyright: ignore[reportArgumentType]  tests name any of them


@contextlib.asynccontextmanager
async def open_ports(
    settings: Settings, clock: MovedClock, *, identity: IdentityProvider | None = None
) -> AsyncIterator[Ports]:
    db = Database.at(settings.database_url)
    await db.run_sync(Base.metadata.create_all)
    bus = MemoryBus()
    yield Ports(
        settings=settings,
        clock=clock,
        cipher=Keyring({"test": b"k" * 32}),
        db=db,
        bus=bus,
        hub=Hub(bus, backlog_bytes=1000),
        runtime=FakeRuntime(),
        clients=FakePodClients(),
        providers=HttpProviders(AddressGuard(for_providers(settings)), settings.providers.test_timeout),
        git_hosts=AddressGuard(for_repositories(settings)),
        limiter=StoredLimiter(settings.rates),
        identity=identity,
    )
    await db.close()
