"""A private PostgreSQL for one test session: its own cluster in a temporary folder on a free loopback port.

`OPM_TEST_POSTGRES_URL` names a server to use instead (a role that may create databases). Without either the
tests that ask for one fail where CI is set and are skipped, loudly, elsewhere. Use `postgres_url` in a test:
each test gets a new, empty database.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.absent import absent

START_SECONDS = 30
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """Who runs the server: PostgreSQL refuses root, so root lends it the account of Debian's package."""

    name: str
    switch: bool

    @classmethod
    def choose(cls) -> "Account":
        if os.geteuid() == 0:
            return cls("postgres", switch=True)
        return cls(pwd.getpwuid(os.geteuid()).pw_name, switch=False)


def find_binaries() -> Path | None:
    """The newest server on this machine; Debian keeps its programs out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """A killed test session must not leave its server behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are born deaf to it, and pass that on
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def spawn(command: list[str], account: Account, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            user=account.name if account.switch else None,
            group=account.name if account.switch else None,
            extra_groups=[] if account.switch else None,
            preexec_fn=end_with_parent,  # noqa: PLW1509  no thread runs this early in a test session
        )


def wait_until_open(server: subprocess.Popen[bytes], binaries: Path, port: int, log: Path) -> None:
    """Its port opens a little before it takes connections."""
    ask = [f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", f"{port}"]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"PostgreSQL ended at start:\n{log.read_text()[-2000:]}")
        if subprocess.run(ask, check=False).returncode == 0:
            return
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not open its port in {START_SECONDS} s:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def private_cluster(binaries: Path) -> Iterator[str]:
    account = Account.choose()
    home = Path(tempfile.mkdtemp(prefix="opm-postgres-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        log, data, port = home / "log", home / "data", free_port()
        log.touch()
        if account.switch:
            shutil.chown(home, account.name, account.name)
        initdb = [
            f"{binaries}/initdb",
            "-D",
            f"{data}",
            "-U",
            "opm",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        if spawn(initdb, account, log).wait(timeout=60):
            pytest.fail(f"initdb failed:\n{log.read_text()[-2000:]}")
        settings = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "off", "max_connections": 100}
        settings |= {"unix_socket_directories": "", "timezone": "UTC"}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = spawn([f"{binaries}/postgres", "-D", f"{data}", *flags], account, log)
        wait_until_open(server, binaries, port, log)
        yield f"postgresql+asyncpg://opm@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast shutdown": does not wait for clients
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=10)
            server.kill()
            server.wait()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if given := os.environ.get("OPM_TEST_POSTGRES_URL"):
        yield given
        return
    binaries = find_binaries()
    if binaries is None:
        absent("PostgreSQL is not installed (apt install postgresql), so nothing was tested against it")
    with private_cluster(binaries) as url:
        yield url


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, statements: str) -> None:
    async with connected(url) as connection:
        await connection.execute(statements)


async def ask(url: str, query: str) -> Any:
    """The one value that is answered."""
    async with connected(url) as connection:
        return await connection.fetchval(query)


@pytest.fixture
async def postgres_url(postgres_server: str) -> AsyncIterator[str]:
    """The address of an empty database of this test's own, dropped afterwards."""
    name = f"opm_test_{uuid4().hex}"
    await execute(postgres_server, f'CREATE DATABASE "{name}"')
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    await execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')
