"""Programs that are not part of the product: found or missed with a reason, fetched once, started, ended."""

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.postgres import end_with_parent

T = TypeVar("T")


def cache_folder(name: str) -> Path:
    """Outside the checkout, because a provider is large and the same for all of them."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "opm-tests" / name


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Test sessions of several checkouts share the cache; the second waits for what the first is fetching."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_whole(wanted: Path, fill: Callable[[Path], None]) -> None:
    """All of it or nothing: an interrupted session leaves no half folder under the name."""
    with tempfile.TemporaryDirectory(prefix=".making-", dir=wanted.parent) as beside:
        made = Path(beside) / "made"
        made.mkdir()
        fill(made)
        made.rename(wanted)


def run(command: Sequence[str | Path], *, cwd: Path, seconds: float) -> str | None:
    """Nothing if it went well, else what it said."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took longer than {seconds:.0f} s"
    return f"{command[0]} ended with {done.returncode}:\n{done.stdout.decode()[-2000:]}" if done.returncode else None


class Program:
    """A server in a process group of its own, with a log that is shown when it does not come up."""

    def __init__(
        self, command: Sequence[str | Path], home: Path, *, given: bytes = b"", environment: Mapping[str, str]
    ) -> None:
        self.log = home / "log"
        said_on_stdin = home / "stdin"
        said_on_stdin.touch(mode=0o600)
        said_on_stdin.write_bytes(given)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with self.log.open("wb") as sink, said_on_stdin.open("rb") as source:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                env=kept | {"HOME": str(home)} | dict(environment),
                stdin=source,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509  no thread of ours runs at a fixture's set-up
            )
        said_on_stdin.unlink()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, look: Callable[[], T | None], seconds: float, what: str) -> T:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            if self.process.poll() is not None:
                pytest.fail(f"{what} ended with {self.process.returncode} at start:\n{self.said()[-4000:]}")
            time.sleep(0.05)
        pytest.fail(f"{what} was not ready after {seconds:.0f} s:\n{self.said()[-4000:]}")

    def end(self, seconds: float = 15) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, which: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, which)
