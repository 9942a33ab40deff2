"""A private Redis for tests: its own process and folder, on a free loopback port; nothing is shared or left behind.

`redis_store` can be stopped and started by a test; `redis_url` is the address of one that runs. Without the program
the tests that ask for it fail where CI is set and are skipped, loudly, elsewhere.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.absent import absent
from tests.postgres import end_with_parent, free_port

START_SECONDS = 20


class RedisStore:
    def __init__(self, program: str, home: Path) -> None:
        self._program = program
        self._home = home
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        settings = {"port": str(self.port), "bind": "127.0.0.1", "dir": f"{self._home}", "save": "", "appendonly": "no"}
        flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with (self._home / "log").open("ab") as sink:
            self._server = subprocess.Popen(
                [self._program, *flags],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,  # noqa: PLW1509  no thread runs this early in a test
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        pytest.fail(f"Redis did not start:\n{(self._home / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


@contextlib.contextmanager
def started() -> Iterator[str | None]:
    """The address of one that runs; None without the program."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="opm-redis-"))
    store = RedisStore(program, home)
    try:
        store.start()
        yield store.url
    finally:
        store.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def redis_store() -> Iterator[RedisStore]:
    program = shutil.which("redis-server")
    if program is None:
        absent("Redis is not installed (apt install redis-server), so nothing was tested against it")
    home = Path(tempfile.mkdtemp(prefix="opm-redis-"))
    store = RedisStore(program, home)
    try:
        store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def redis_url(redis_store: RedisStore) -> str:
    return redis_store.url
