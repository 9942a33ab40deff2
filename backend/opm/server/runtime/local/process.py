"""One process of a pod, ours by birth or by adoption, held by a pidfd so that its number cannot mislead.

A pod must outlive a controller that is killed, so nothing ties the process to us: it leads a session of its own,
writes to a file rather than to a pipe, and gets no parent-death signal.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from opm.server.runtime.local import cpus, procfs
from opm.server.runtime.local.procfs import Identity


class Proc:
    """Alive until `ended` is set; then `outcome` says in words how it went."""

    def __init__(self, identity: Identity, pidfd: int, on_end: Callable[[], None]) -> None:
        self.identity = identity
        self.ended = asyncio.Event()
        self.outcome = ""
        self._pidfd = pidfd
        self._on_end = on_end
        asyncio.get_running_loop().add_reader(pidfd, self._note_end)

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        on_end: Callable[[], None],
        on: frozenset[int] | None = None,
    ) -> "Proc":
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        output = os.open(log, flags, 0o600)
        try:
            with cpus.bound(on):
                child = subprocess.Popen(
                    argv,
                    env=dict(env),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        finally:
            os.close(output)
        identity = procfs.identify(child.pid)
        try:
            pidfd = os.pidfd_open(child.pid)
        except OSError:
            child.kill()
            child.wait()
            raise
        # It is reaped by its pidfd; without this Popen would complain of a child that it believes unwatched.
        child.returncode = 0
        if identity is None:  # cannot be: an unreaped child keeps its entry
            raise ProcessLookupError(child.pid)
        return cls(identity, pidfd, on_end)

    @classmethod
    def adopt(cls, identity: Identity, on_end: Callable[[], None]) -> "Proc | None":
        try:
            pidfd = os.pidfd_open(identity.pid)
        except OSError:
            return None
        # The number is pinned only now, so only now may it be compared.
        if not procfs.is_alive(identity):
            os.close(pidfd)
            return None
        return cls(identity, pidfd, on_end)

    @property
    def pid(self) -> int:
        return self.identity.pid

    def send(self, number: signal.Signals) -> None:
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    async def wait(self, timeout: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(timeout, 0)):
                await self.ended.wait()
        return self.ended.is_set()

    def release(self) -> None:
        """Stop watching; the process goes on."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _note_end(self) -> None:
        self.outcome = _reap(self._pidfd)
        self.release()
        self.ended.set()
        self._on_end()


def _reap(pidfd: int) -> str:
    try:
        result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return "ended"  # adopted: only its parent is told how
    if result is None:
        return "ended"
    if result.si_code == os.CLD_EXITED:
        return f"ended with exit code {result.si_status}"
    name = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGSEGV: "crashed"}
    word = name.get(signal.Signals(result.si_status), signal.strsignal(result.si_status) or "signal")
    return f"ended with signal {result.si_status} ({word})"
