"""Puts the controller together: the only module that knows everyone."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

from fastapi import FastAPI

from opm import __version__
from opm.server.api import errors, metrics, middleware, openapi, spa
from opm.server.api.policies import require_policies
from opm.server.api.surface import surface
from opm.server.api.vigil import end_vigil
from opm.server.background.loops import Background
from opm.server.clients.addresses import AddressGuard, for_providers, for_repositories
from opm.server.clients.oidc.provider import OidcProvider
from opm.server.clients.pods import HttpPodClients
from opm.server.clients.providers import HttpProviders
from opm.server.core.clock import SystemClock
from opm.server.core.crypto import load_keyring
from opm.server.core.settings import Settings, usual_data_dir
from opm.server.db.engine import Database
from opm.server.realtime.hub import Hub
from opm.server.realtime.limiter import StoredLimiter
from opm.server.realtime.memory import MemoryBus
from opm.server.realtime.redis import RedisBus
from opm.server.runtime.base import Runtime
from opm.server.runtime.kubernetes import KubernetesRuntime
from opm.server.runtime.local import LocalRuntime, LocalSettings
from opm.server.runtime.opencode import installed_path
from opm.server.wiring import Ports


def build_ports(settings: Settings) -> Ports:
    redis = settings.redis
    bus = RedisBus(redis.url.get_secret_value(), prefix=redis.prefix) if redis.url else MemoryBus()
    return Ports(
        settings=settings,
        clock=SystemClock(),
        cipher=load_keyring(settings.key_file),
        db=Database.of(settings),
        bus=bus,
        hub=Hub(bus, backlog_bytes=settings.limits.reader_backlog),
        runtime=build_runtime(settings),
        clients=HttpPodClients(),
        providers=HttpProviders(AddressGuard(for_providers(settings)), settings.providers.test_timeout),
        git_hosts=AddressGuard(for_repositories(settings)),
        identity=OidcProvider(settings.oidc) if settings.oidc.enabled else None,
        limiter=StoredLimiter(settings.rates, store=settings.rate_store),
    )


def build_runtime(settings: Settings) -> Runtime:
    if settings.runtime.kind == "local":
        return LocalRuntime(local_settings(settings))
    return KubernetesRuntime(settings.kubernetes, start_timeout=settings.runtime.start_timeout)


def local_settings(settings: Settings) -> LocalSettings:
    return LocalSettings(
        data_dir=settings.data_dir,
        opencode=settings.opencode.binary or _installed_opencode(settings),
        start_timeout=settings.runtime.start_timeout,
        stop_timeout=settings.runtime.stop_timeout,
        keep_on_close=settings.runtime.keep_pods,
    )


def _installed_opencode(settings: Settings) -> Path:
    """In this data directory, else in the usual one, where set-up puts it; it is large, and the same for all."""
    own = installed_path(settings.data_dir / "opencode")
    usual = installed_path(usual_data_dir() / "opencode")
    return usual if usual.exists() and not own.exists() else own


def create_app(settings: Settings, ports: Ports | None = None, *, background: bool = True) -> FastAPI:
    """The whole application. Without `ports` the real ones are built; without `background` no loop runs."""
    used = ports or build_ports(settings)

    @contextlib.asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncGenerator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(used.db.close)
            used.hub.look_by(used.board_marks)
            await used.bus.open()
            stack.push_async_callback(used.bus.close)
            stack.push_async_callback(used.clients.close)
            if used.identity is not None:
                stack.push_async_callback(used.identity.close)
            stack.push_async_callback(used.limiter.close)
            stack.push_async_callback(end_vigil, running)
            if background:
                await used.runtime.open()
                stack.push_async_callback(used.runtime.close)
                loops = await stack.enter_async_context(Background(used))
                work = metrics.Work(
                    leads=lambda: loops.leadership.leads,
                    taken_over=lambda: loops.pump.taken_over,
                    driven=lambda: loops.pump.driven,
                )
                await stack.enter_async_context(metrics.served(used, work))
            stack.callback(used.hub.close)
            yield

    app = FastAPI(
        title="OpenCode Project Manager",
        version=__version__,
        openapi_tags=openapi.TAGS,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        routes=surface().routes,
    )
    app.state.ports = used
    errors.install(app)
    middleware.install(app, settings)
    require_policies(app)
    openapi.install(app)
    spa.install(app)
    return app
