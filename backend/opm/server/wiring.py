"""The object graph: what a process has (`Ports`) and what one unit of work has (`Scope`)."""

import contextlib
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from opm.server.clients.addresses import AddressGuard
from opm.server.clients.base import PodClients
from opm.server.clients.oidc.base import IdentityProvider
from opm.server.clients.providers import ProviderClient
from opm.server.core.clock import Clock
from opm.server.core.crypto import Cipher
from opm.server.core.metrics import Metrics
from opm.server.core.rates import Limiter
from opm.server.core.settings import Settings
from opm.server.db.engine import Database
from opm.server.db.leases import Leases
from opm.server.db.uow import UnitOfWork
from opm.server.features.audit.service import AuditService
from opm.server.features.configs.service import ConfigService
from opm.server.features.interactions.service import InteractionService
from opm.server.features.projects.service import ProjectService
from opm.server.features.sessions.output import OutputService
from opm.server.features.sessions.queue import RunQueue
from opm.server.features.sessions.runs import RunService
from opm.server.features.sessions.service import SessionService
from opm.server.features.tasks.bulk import BulkService
from opm.server.features.tasks.service import TaskService
from opm.server.features.tasks.templates import TemplateService
from opm.server.features.users.accounts import AccountService
from opm.server.features.users.oidc import OidcService
from opm.server.features.users.repeats import RepeatService
from opm.server.features.users.service import UserService
from opm.server.features.users.tokens import TokenService
from opm.server.features.workspaces.clones import CloneService
from opm.server.features.workspaces.service import WorkspaceService
from opm.server.realtime.bus import Bus, Message, project_topic
from opm.server.realtime.hub import Hub
from opm.server.runtime.base import Runtime
from opm.wire.events import BoardEvent


def as_body(event: BoardEvent) -> bytes:
    """As browsers get it."""
    return event.model_dump_json(by_alias=True).encode()


@dataclass(frozen=True)
class Ports:
    """Everything replaceable, built once by `app` or by a test."""

    settings: Settings
    clock: Clock
    cipher: Cipher
    db: Database
    bus: Bus
    hub: Hub
    runtime: Runtime
    clients: PodClients
    providers: ProviderClient
    git_hosts: AddressGuard
    """Judges where repositories may be cloned from."""
    limiter: Limiter
    metrics: Metrics = field(default_factory=Metrics)
    identity: IdentityProvider | None = None
    """None: one account, which launch addresses lead to."""

    async def publish(self, events: list[BoardEvent]) -> None:
        await self.bus.publish([Message(project_topic(event.project_id), as_body(event)) for event in events])

    async def board_marks(self, project_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """What the hub compares after it may have missed something."""
        async with self.scope(write=False) as scope:
            return await scope.sessions.marks(project_ids)

    @contextlib.asynccontextmanager
    async def scope(self, *, write: bool = True) -> AsyncGenerator["Scope"]:
        """One unit of work: if it writes, committed on leaving without an error; rolled back otherwise."""
        async with self.db.session(write=write) as session:
            uow = UnitOfWork(session, self.clock, self.publish, writes=write, in_doubt=self.bus.doubt)
            yield Scope(self, uow)
            if write:
                await uow.commit()


class Scope:
    """The services over one unit of work."""

    def __init__(self, ports: Ports, uow: UnitOfWork) -> None:
        self._ports = ports
        self._uow = uow

    @cached_property
    def users(self) -> UserService:
        return UserService(self._uow, self._ports.settings.auth)

    @cached_property
    def oidc(self) -> OidcService:
        """Sign-in through an identity provider."""
        return OidcService(self._uow, self.users, self._ports.cipher, self._ports.settings.oidc)

    @cached_property
    def accounts(self) -> AccountService:
        """Where people are signed in, and who may be."""
        return AccountService(self._uow)

    @cached_property
    def personal_tokens(self) -> TokenService:
        return TokenService(self._uow)

    @cached_property
    def repeats(self) -> RepeatService:
        return RepeatService(self._uow)

    @cached_property
    def projects(self) -> ProjectService:
        settings = self._ports.settings
        return ProjectService(self._uow, settings.runtime, settings.limits)

    @cached_property
    def tasks(self) -> TaskService:
        return TaskService(self._uow, self.projects, self._ports.settings.limits)

    @cached_property
    def bulk(self) -> BulkService:
        return BulkService(self._uow, self.projects, self.tasks)

    @cached_property
    def templates(self) -> TemplateService:
        return TemplateService(self._uow, self.projects)

    @cached_property
    def configs(self) -> ConfigService:
        return ConfigService(self._uow, self.projects, self._ports.cipher, self._ports.settings)

    @cached_property
    def audit(self) -> AuditService:
        return AuditService(self._uow, self.projects)

    @cached_property
    def workspaces(self) -> WorkspaceService:
        return WorkspaceService(
            self._uow, self.projects, self.tasks, self.configs, self.clones, self._ports.cipher, self._ports.bus
        )

    @cached_property
    def clones(self) -> CloneService:
        """How workspaces come to hold a repository."""
        return CloneService(self._uow, self.projects, self._ports.cipher, self._ports.bus)

    @cached_property
    def interactions(self) -> InteractionService:
        return InteractionService(self._uow, self.tasks, self._ports.bus)

    @cached_property
    def leases(self) -> Leases:
        """Work that one controller does for all."""
        return Leases(self._uow)

    @cached_property
    def _queue(self) -> RunQueue:
        return RunQueue(self._uow, self.projects, self.tasks, self.configs, self._ports.bus)

    @cached_property
    def sessions(self) -> SessionService:
        """What humans do with runs."""
        return SessionService(self._uow, self.projects, self.tasks, self._queue, self.interactions, self._ports.bus)

    @cached_property
    def runs(self) -> RunService:
        """What the pump does with runs."""
        return RunService(self._uow, self.tasks, self.interactions, self._queue, self._ports.bus, self._ports.settings)

    @cached_property
    def output(self) -> OutputService:
        """The numbered output of runs."""
        return OutputService(self._uow, self.projects)
