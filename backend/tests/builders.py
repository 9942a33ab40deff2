"""A small world to test in: ports with stand-ins for everything but the database, people, projects, cards, runs."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Interval, inspect, literal, select, update

from opm.server.app import create_app
from opm.server.clients.addresses import AddressGuard, for_providers, for_repositories
from opm.server.clients.providers import HttpProviders
from opm.server.core.actor import Actor
from opm.server.core.crypto import Keyring
from opm.server.core.paging import PageRequest
from opm.server.core.settings import RateSettings, Settings
from opm.server.core.tokens import AccessClaims, AccessTokens
from opm.server.db.base import Base
from opm.server.db.engine import Database
from opm.server.db.models import AuthSession, OpencodeSession, User
from opm.server.features.configs.schemas import NewConfig
from opm.server.features.projects.schemas import NewProject, ProjectSummary
from opm.server.features.sessions.runs import Claim, Outcome
from opm.server.features.sessions.schemas import Session, Verdict
from opm.server.features.tasks.schemas import NewTask, Task
from opm.server.realtime.bus import Message
from opm.server.realtime.hub import Hub
from opm.server.realtime.limiter import StoredLimiter
from opm.server.realtime.memory import MemoryBus
from opm.server.wiring import Ports, Scope
from opm.wire.events import BoardEvent, board_event_adapter
from tests.fakes.agent import FakePodClients
from tests.fakes.clock import MovedClock
from tests.fakes.runtime import FakeRuntime

ORIGIN = "http://127.0.0.1:8400"
NO_RATES: Any = RateSettings(per_user="", per_address="", sign_in="")
"""Tests ask faster than people do; those about rates name their own."""
Result = TypeVar("Result")
Row = TypeVar("Row", bound=Base)


class RememberingBus(MemoryBus):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def _deliver(self, message: Message) -> None:
        self.messages.append(message)
        super()._deliver(message)


class World:
    """Each `do` is a unit of work of its own, as a request is."""

    def __init__(self, database: Database, folder: Path, **settings: Any) -> None:
        self.clock = MovedClock()
        self.bus = RememberingBus()
        self.runtime = FakeRuntime()
        self.clients = FakePodClients()
        self.names: dict[str, list[str]] = {}
        """Addresses of hosts; a host that is not named has a public one."""
        given = Settings(data_dir=folder, **{"rates": NO_RATES} | settings)
        self.ports = Ports(
            settings=given,
            clock=self.clock,
            cipher=Keyring({"test": b"k" * 32}),
            db=database,
            bus=self.bus,
            hub=Hub(self.bus, backlog_bytes=1 << 20),
            runtime=self.runtime,
            clients=self.clients,
            providers=HttpProviders(AddressGuard(for_providers(given), self._addresses), given.providers.test_timeout),
            git_hosts=AddressGuard(for_repositories(given), self._addresses),
            limiter=StoredLimiter(given.rates),
        )

    async def _addresses(self, host: str) -> list[str]:
        return self.names.get(host, ["93.184.215.14"])

    # --- units of work -------------------------------------------------------------------------------------

    async def do(self, work: Callable[[Scope], Awaitable[Result]], *, write: bool = True) -> Result:
        async with self.ports.scope(write=write) as scope:
            return await work(scope)

    async def wait(self, **span: float) -> None:
        """Time passes for everybody: leases are by the database's clock, so there they are moved instead."""
        self.clock.pass_by(**span)
        if self.ports.db.sqlite:
            return
        moved = {OpencodeSession.lease_until: OpencodeSession.lease_until - literal(timedelta(**span), Interval)}
        async with self.ports.db.session(write=True) as session:
            await session.execute(update(OpencodeSession).values(moved))
            await session.commit()

    async def rows(self, model: type[Row]) -> Sequence[Row]:
        async with self.ports.db.session(write=False) as session:
            return (await session.execute(select(model).order_by(*inspect(model).primary_key))).scalars().all()

    def announced(self, kind: str | None = None) -> list[BoardEvent]:
        """Board events published so far, of one type if it is named."""
        bodies = [m.body for m in self.bus.messages if m.topic.startswith("project:")]
        events = [board_event_adapter.validate_json(body) for body in bodies]
        return [event for event in events if kind in {None, event.type}]

    def rung(self, topic: str) -> int:
        return sum(message.topic == topic for message in self.bus.messages)

    # --- people --------------------------------------------------------------------------------------------

    async def person(self, name: str) -> Actor:
        """Somebody with an account and a sign-in."""
        now = self.clock.now()
        user = User(id=uuid4(), issuer="test", oidc_subject=name, name=name, created_at=now, updated_at=now)
        family = uuid4()

        async def add(scope: Scope) -> None:
            scope.users.users.add(user)
            await scope.users.uow.flush()
            scope.users.sessions.add(
                AuthSession(
                    id=family,
                    user_id=user.id,
                    kind="launch",
                    scope="write",
                    last_seen_at=now,
                    expires_at=now + self.ports.settings.auth.refresh_ttl,
                    created_at=now,
                )
            )

        await self.do(add)
        return Actor(user_id=user.id, name=name, auth_session=family)

    async def administers(self, actor: Actor) -> None:
        async def promote(scope: Scope) -> None:
            (await scope.users.get(actor.user_id)).is_admin = True

        await self.do(promote)

    def bearer(self, actor: Actor) -> dict[str, str]:
        expires_at = self.clock.now() + self.ports.settings.auth.access_ttl
        assert actor.auth_session is not None
        claims = AccessClaims(actor.user_id, actor.email, actor.name, actor.auth_session, expires_at)
        token = AccessTokens(lambda: self.ports.cipher.derive_all("jwt-access")).issue(claims, self.clock.now())
        return {"Authorization": f"Bearer {token}"}

    # --- things --------------------------------------------------------------------------------------------

    async def project(self, actor: Actor, name: str = "Tea timer", **more: Any) -> ProjectSummary:
        return await self.do(lambda s: s.workspaces.create(actor, NewProject(name=name, **more)))

    async def task(self, actor: Actor, project: ProjectSummary, title: str = "Brew", **more: Any) -> Task:
        return await self.do(lambda s: s.tasks.create(actor, project.slug, NewTask(title=title, **more)))

    async def config(self, actor: Actor, project: ProjectSummary, **more: Any) -> Any:
        new = NewConfig.model_validate({"provider": "anthropic", "model": "claude-sonnet-4-5"} | more)
        return await self.do(lambda s: s.configs.save(actor, project.slug, new))

    async def card(self, actor: Actor, project: ProjectSummary, task_id: UUID) -> Task:
        return await self.do(lambda s: s.tasks.get(actor, project.slug, task_id), write=False)

    async def board(self, actor: Actor, project: ProjectSummary) -> dict[str, list[str]]:
        """Titles per column, in the order in which they stand."""
        page = await self.do(lambda s: s.tasks.board(actor, project.slug, PageRequest(limit=200)), write=False)
        columns: dict[str, list[str]] = {}
        for card in page["items"]:
            columns.setdefault(card["status"], []).append(card["title"])
        return columns

    # --- runs ----------------------------------------------------------------------------------------------

    async def execute(self, actor: Actor, project: ProjectSummary, task_id: UUID) -> Session:
        return await self.do(lambda s: s.sessions.execute(actor, project.slug, task_id))

    async def claim(self, owner: str = "one") -> list[Claim]:
        """As a pump does it: what lost its driver, then what waits."""
        taken = await self.do(lambda s: s.runs.take_over(owner))
        return [*taken, *await self.do(lambda s: s.runs.let_in(owner))]

    async def working(self, actor: Actor, project: ProjectSummary, task_id: UUID) -> Claim:
        """A card whose run the agent works on."""
        run = await self.execute(actor, project, task_id)
        (claim,) = [claim for claim in await self.claim() if claim.session_id == run.id]
        await self.do(lambda s: s.runs.attached(claim, f"ses_{claim.session_id.hex}", "boot"))
        await self.do(lambda s: s.runs.running(claim))
        return claim

    async def finish(self, claim: Claim, verdict: Verdict = Verdict.SUCCESS, **more: Any) -> None:
        await self.do(lambda s: s.runs.finish(claim, Outcome(verdict, **more)))

    async def done(self, actor: Actor, project: ProjectSummary, task_id: UUID, **more: Any) -> Claim:
        claim = await self.working(actor, project, task_id)
        await self.finish(claim, **more)
        return claim

    # --- the door ------------------------------------------------------------------------------------------

    def app(self) -> FastAPI:
        return create_app(self.ports.settings, self.ports, background=False)

    def client(self, app: FastAPI, actor: Actor | None = None) -> httpx.AsyncClient:
        headers = self.bearer(actor) if actor else {}
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 55_555))
        return httpx.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api", headers=headers, trust_env=False)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    """On both databases, one after the other."""
    return World(database, tmp_path)


@pytest.fixture
async def small_world(sqlite_database: Database, tmp_path: Path) -> World:
    """On the embedded database alone."""
    return World(sqlite_database, tmp_path)
