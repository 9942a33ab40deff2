"""One process from start to end: what has to be true before it listens, the address it prints, how it stops."""

import asyncio
import contextlib
import errno
import fcntl
import functools
import gc
import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.datastructures import State

from opm import __version__
from opm.server.api.connections import protocols
from opm.server.app import create_app, local_settings
from opm.server.core.clock import SystemClock
from opm.server.core.crypto import load_keyring
from opm.server.core.errors import Conflict, Invalid, NotFound, OpmError
from opm.server.core.logging import configure
from opm.server.core.privacy import hide_process
from opm.server.core.redaction import LIVE
from opm.server.core.settings import Settings
from opm.server.db.engine import Database
from opm.server.db.migrate import is_current, upgrade
from opm.server.db.sealed import require_keys
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.service import UserService
from opm.wire.events import BoardEvent

log = structlog.get_logger(__name__)

_STATE_FILE = "server.json"
_LOCK_FILE = "server.lock"
_LAST_REQUESTS_SECONDS = 5
_MUTE_MILLISECONDS = 30_000
_END_SECONDS = 10
"""On top of what the last requests and pods on this machine may take; after that the process ends as it is."""


Application = Callable[[Settings], FastAPI]


def run(settings: Settings, application: Application = create_app) -> None:
    """Serve until a signal says stop. What prevents it is said in one sentence, with a failing exit status."""
    hide_process()
    try:
        require_safe_address(settings)
        require_one_truth(settings)
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with sole_owner(settings.data_dir, patience=1), listening(settings) as sock:
            _serve(settings.model_copy(update={"port": sock.getsockname()[1]}), sock, application)
    except OpmError as exc:
        raise SystemExit(f"opm: {exc.message}") from exc
    except KeyboardInterrupt as exc:  # before the server took the signals over
        raise SystemExit(130) from exc


def _serve(settings: Settings, sock: socket.socket, application: Application) -> None:
    configure(settings.log)
    LIVE.always(settings.secrets)
    for chatty in ("uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        token = runner.run(_prepare(settings))
        app = application(settings)
        app.state.schema_is_current = functools.partial(is_current, app.state.ports.db)
        config = uvicorn.Config(
            app,
            **protocols(settings),
            ws_per_message_deflate=False,
            ws_max_size=2**16,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # only a proxy that the operator named may say who the caller is
            proxy_headers=settings.public_url is not None,
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=_last_requests(settings),
        )
        server = Server(config, settings, app.state, token)
        try:
            runner.run(server.serve(sockets=[sock]))
        finally:
            (settings.data_dir / _STATE_FILE).unlink(missing_ok=True)


async def _prepare(settings: Settings) -> str | None:
    """Sees to the schema and makes the first launch token, where people sign in by those."""
    if settings.database.migrate:
        await migrate(settings)
    db = Database.of(settings)
    try:
        if not await is_current(db):
            raise Conflict("The database has an older schema than this version needs; run `opm migrate` first.")
        await require_keys(db, load_keyring(settings.key_file).ids)
        return None if settings.oidc.enabled else await _launch_token(db, settings)
    finally:
        await db.close()


async def migrate(settings: Settings) -> None:
    db = Database.of(settings, patient=True)
    try:
        await upgrade(db)
    finally:
        await db.close()


class Server(uvicorn.Server):
    """Says when it is ready, tells streams to end before it waits for them, and can be hurried.

    Asked to end by SIGTERM it goes on serving for a while, saying that it is not ready, for proxies to look elsewhere.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings, state: State, token: str | None) -> None:
        super().__init__(config)
        self.settings = settings
        self.state = state
        self.token = token
        self._drained_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        address = base_url(self.settings)
        _write_private(self.settings.data_dir / _STATE_FILE, json.dumps({"url": address, "pid": os.getpid()}, indent=1))
        sys.stdout.write(banner(address, self.token))
        local = self.settings.runtime.kind == "local"
        if local and not local_settings(self.settings).opencode.exists():
            sys.stdout.write("  OpenCode is not installed yet; before the first run type: opm setup-opencode\n\n")
        sys.stdout.flush()
        # what is here now stays: the collector need not walk it again, nor run as often
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        seconds = _last_requests(self.settings) + _END_SECONDS
        if self.settings.runtime.kind == "local":
            seconds += self.settings.runtime.stop_timeout
        deadline = asyncio.get_running_loop().call_later(seconds, _give_up, seconds)
        self.state.ports.hub.close()
        await super().shutdown(sockets)
        deadline.cancel()

    async def on_tick(self, counter: int) -> bool:
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.should_exit = True
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for a graceful end, which is a success; a second Ctrl+C ends at once."""
        if self.should_exit and sig == signal.SIGINT:
            os._exit(130)
        if sig != signal.SIGTERM or not self.settings.drain_seconds:
            self.should_exit = True
        elif self._drained_at is None:
            self._drained_at = time.monotonic() + self.settings.drain_seconds
            self.state.draining = True


def _last_requests(settings: Settings) -> int:
    """Seconds that requests which are under way may take to end."""
    return _LAST_REQUESTS_SECONDS + int(settings.drain_seconds)


def _give_up(seconds: float) -> None:
    log.error("stopping took too long; ending as it is", seconds=seconds)
    os._exit(1)


def banner(address: str, token: str | None) -> str:
    title = f"\n  OpenCode Project Manager {__version__}\n\n"
    if token is None:
        return f"{title}  Open this address and sign in:\n\n      {address}\n\n  Stop: Ctrl+C.\n\n"
    # the token stands after the #: browsers do not send that part, so no log along the way can hold it
    return (
        f"{title}  Sign in with this address, once:\n\n      {address}/launch#{token}\n\n"
        f"  Another one: opm launch-url.   Stop: Ctrl+C.\n\n"
    )


async def launch_url(settings: Settings) -> str:
    """A fresh launch address for the server that runs on this data directory."""
    if settings.oidc.enabled:
        raise Invalid("People sign in to this server through its identity provider; there are no launch addresses.")
    state = settings.data_dir / _STATE_FILE
    try:
        with sole_owner(settings.data_dir):
            raise NotFound(f"No opm server runs on {settings.data_dir}; start one with `opm serve`.")
    except Conflict:
        pass  # somebody holds it: that is the server
    except FileNotFoundError as exc:
        raise NotFound(f"No opm server has ever run on {settings.data_dir}; start one with `opm serve`.") from exc
    try:
        address = json.loads(state.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError) as exc:
        raise NotFound("The server is still starting or just stopping; try again in a moment.") from exc
    db = Database.of(settings)
    try:
        return f"{address}/launch#{await _launch_token(db, settings)}"
    finally:
        await db.close()


async def _launch_token(db: Database, settings: Settings) -> str:
    async with db.session(write=True) as session:
        uow = UnitOfWork(session, SystemClock(), nobody_listens)
        token = await UserService(uow, settings.auth).issue_launch()
        await uow.commit()
    return token


async def nobody_listens(_: list[BoardEvent]) -> None:
    """Making a token is no news for a board."""


def require_safe_address(settings: Settings) -> None:
    """Beyond this machine only with an identity provider, and with TLS in front."""
    public = urlsplit(settings.public_url or "https://")
    if public.scheme != "https" and not is_loopback(public.hostname or ""):
        raise Invalid(
            f"The public address {settings.public_url} is refused: passwords, cookies and keys would travel in the "
            "clear. Put a proxy that terminates TLS in front, and name its https:// address."
        )
    if is_loopback(settings.host):
        return
    if not settings.oidc.enabled:
        raise Invalid(
            f"Listening on {settings.host} is refused: without an identity provider whoever reaches the server could "
            "take over the one account. Configure one (OPM_OIDC__ISSUER), or listen on 127.0.0.1 and reach it from "
            "elsewhere through an SSH tunnel."
        )
    if not settings.https:
        raise Invalid(
            f"Listening on {settings.host} is refused: without TLS in front, sign-ins could be read along the way. Set "
            "OPM_PUBLIC_URL to the https:// address of the proxy that terminates it, and OPM_TRUSTED_PROXIES to the "
            "proxy's own address."
        )


def require_one_truth(settings: Settings) -> None:
    if settings.redis.url is not None and settings.embedded_database:
        raise Invalid(
            "OPM_REDIS__URL is set, as for several controllers, but each would have an SQLite database of its own. "
            "Name the PostgreSQL they share by OPM_DATABASE__URL, or leave Redis out."
        )


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@contextlib.contextmanager
def sole_owner(data_dir: Path, *, patience: float = 0) -> Generator[None]:
    """Two servers on one directory would run every agent twice. The lock ends with the process, however it ends.

    `patience` is for those who only looked: they hold the lock for a moment.
    """
    deadline = time.monotonic() + patience
    handle = os.open(data_dir / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(handle):
            if time.monotonic() >= deadline:
                raise Conflict(f"Another opm server uses {data_dir}; stop it, or give this one its own --data-dir.")
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def listening(settings: Settings) -> Generator[socket.socket]:
    """The socket is ours before anything is built, so that its port is known to all."""
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, settings.port), family=family, backlog=2048)
    except OSError as exc:
        why = "another program uses it" if exc.errno == errno.EADDRINUSE else exc.strerror
        raise Conflict(f"Cannot listen on {host} port {settings.port}: {why}. Choose another with --port.") from exc
    # a reader that does not read is given up by the application; the kernel shall then let go of it too
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _MUTE_MILLISECONDS)
    with sock:
        yield sock


def base_url(settings: Settings) -> str:
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
