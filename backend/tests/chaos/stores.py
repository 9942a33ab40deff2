"""A PostgreSQL that can be stopped and started, in a folder of its own on one port; see `tests.postgres`."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.postgres import Account, free_port, spawn, wait_until_open

CONNECTIONS = 150


class PostgresStore:
    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._account = Account.choose()
        self._home = Path(tempfile.mkdtemp(prefix="opm-postgres-"))
        self._log, self._data = self._home / "log", self._home / "data"
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._log.touch()
        if self._account.switch:
            shutil.chown(self._home, self._account.name, self._account.name)
        make = [f"{binaries}/initdb", "-D", f"{self._data}", "-U", "opm", "-A", "trust", "-E", "UTF8", "--no-sync"]
        if spawn(make, self._account, self._log).wait(timeout=60):
            pytest.fail(f"initdb failed:\n{self._log.read_text()[-2000:]}")

    @property
    def url(self) -> str:
        return f"postgresql://opm@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "max_connections": CONNECTIONS}
        settings |= {"unix_socket_directories": "", "timezone": "UTC"}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = spawn([f"{self._binaries}/postgres", "-D", f"{self._data}", *flags], self._account, self._log)
        wait_until_open(self._server, self._binaries, self.port, self._log)

    def stop(self, *, at_once: bool = False) -> None:
        """`at_once`: as after a crash, it has to recover when it starts again."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(timeout=20)
            if self._server.poll() is None:
                self._server.kill()
                self._server.wait()
            self._server = None

    def end(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)
