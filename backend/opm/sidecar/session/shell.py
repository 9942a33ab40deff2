"""One shell on a pseudo-terminal of its own.

Flow control is the kernel's: where nobody has taken what the shell said, it is not read any further, and the program
that writes waits. The fastest viewer sets the pace; a viewer that takes nothing for some seconds sets none, and a shell
without viewers is read slowly, so that its program goes on and its noise costs little.
"""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from opm.sidecar.errors import Refused
from opm.sidecar.session.output import Output, Reader
from opm.sidecar.session.processes import end_session, signal_session
from opm.wire.terminals import NewTerminal, Terminal

AHEAD = 256 << 10
"""Bytes the fastest viewer may be behind before the shell's program has to wait."""

STALLED_SECONDS = 5.0
UNWATCHED_RATE = 4 << 20
"""Bytes per second that are read of a shell whose output nobody takes."""

_BURST_SECONDS = 0.05
_LARGEST_PENDING = 1 << 20
_READS = 16
_READ = 64 << 10
_GRACE_SECONDS = 0.3


class Shell:
    def __init__(
        self, ref: str, title: str, master: int, process: asyncio.subprocess.Process, stalled_seconds: float
    ) -> None:
        self.ref = ref
        self.title = title
        self.output = Output()
        self.used_at = time.monotonic()
        self._master = master
        self._process = process
        self._stalled_seconds = stalled_seconds
        self._loop = asyncio.get_running_loop()
        self._typed = bytearray()
        self._speaker: Reader | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._living = asyncio.create_task(self._live())
        self._regulate()

    @classmethod
    async def start(
        cls,
        ref: str,
        new: NewTerminal,
        workspace: Path,
        environ: Mapping[str, str],
        *,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> "Shell":
        master, slave = pty.openpty()
        try:
            os.set_blocking(master, False)
            _set_size(master, (new.rows, new.cols))
            process = await asyncio.create_subprocess_exec(
                *("setsid", "-c", "/bin/bash", "-i"),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=workspace,
                env=environ,
            )
        except BaseException as exc:
            os.close(master)
            if isinstance(exc, FileNotFoundError):
                raise Refused(503, "A shell needs setsid and bash, and the workspace, where the pod runs.") from None
            raise
        finally:
            os.close(slave)
        return cls(ref, new.title, master, process, stalled_seconds)

    @property
    def shown(self) -> Terminal:
        return Terminal(id=self.ref, title=self.title, running=not self.output.complete)

    @property
    def watched(self) -> bool:
        return bool(self.output.readers)

    def resize(self, size: tuple[int, int]) -> None:
        if not self.output.complete:
            _set_size(self._master, size)

    def type(self, text: str) -> bool:
        """False when the shell's program does not read what it is given; this is lost then."""
        if self.output.complete:
            return True
        data = text.encode(errors="replace")
        if len(self._typed) + len(data) > _LARGEST_PENDING:
            return False
        self._typed += data
        self._write()
        return True

    def typed_by(self, viewer: Reader) -> None:
        self._speaker = viewer

    def may_answer(self, viewer: Reader) -> bool:
        """A program's question is shown to every viewer, whose terminals all answer; it is to hear one of them.

        That is who typed last, and where nobody who is there has typed, who answers first.
        """
        if self._speaker not in self.output.readers:
            self._speaker = viewer
        return self._speaker is viewer

    @contextlib.contextmanager
    def read(self, cursor: int) -> Generator[Reader]:
        reader = Reader(self.output, cursor, self._regulate)
        self.output.readers.add(reader)
        self._regulate()
        try:
            yield reader
        finally:
            self.output.readers.discard(reader)
            self.used_at = time.monotonic()
            self._regulate()

    async def end(self) -> None:
        """Returns when no process of its session is left and the viewers can hear of it."""
        signal_session(self._process.pid, signal.SIGHUP)
        await asyncio.wait([self._living], timeout=_GRACE_SECONDS)
        await end_session(self._process.pid)
        await asyncio.shield(self._living)

    async def _live(self) -> None:
        await self._process.wait()
        await end_session(self._process.pid)
        self._pause()
        self._loop.remove_writer(self._master)
        # All who could write are gone: what they said last, the kernel still holds.
        while data := _read(self._master):
            self.output.put(data)
        os.close(self._master)
        self.output.finish()

    def _readable(self) -> None:
        for _ in range(_READS):
            data = _read(self._master)
            if data is None:
                break
            if not data:
                self._pause()
                return
            self.output.put(data)
            self.used_at = time.monotonic()
            self._due = max(self._due, self.used_at) + len(data) / UNWATCHED_RATE
        self._regulate()

    def _regulate(self) -> None:
        """Read on, or see again later; a viewer that takes something makes it sooner."""
        if self._process.returncode is not None:
            return
        self._pause()
        wait = self._wait()
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._regulate)
        else:
            self._loop.add_reader(self._master, self._readable)

    def _wait(self) -> float:
        now, end = time.monotonic(), self.output.end
        awake = [
            reader.position
            for reader in self.output.readers
            if reader.position == end or now - reader.taken_at < self._stalled_seconds
        ]
        if awake:
            return 0 if end - max(awake) < AHEAD else self._stalled_seconds
        ahead = self._due - now
        return ahead if ahead > _BURST_SECONDS else 0

    def _pause(self) -> None:
        self._loop.remove_reader(self._master)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self) -> None:
        try:
            del self._typed[: os.write(self._master, self._typed)]
        except BlockingIOError:
            pass
        except OSError:
            self._typed.clear()  # nobody is there to read it
        if self._typed:
            self._loop.add_writer(self._master, self._write)
        else:
            self._loop.remove_writer(self._master)


def _read(master: int) -> bytes | None:
    """None: nothing now. Empty: nothing ever, as nobody has the terminal open."""
    try:
        return os.read(master, _READ)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _set_size(master: int, size: tuple[int, int]) -> None:
    rows, cols = size
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
