"""The processes of a session: what a shell started, its jobs being process groups of their own inside it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_TRIES = 40


async def end_session(session: int) -> None:
    """Again until none is left, for what is being killed may just have started another."""
    for _ in range(_TRIES):
        if not signal_session(session, signal.SIGKILL):
            return
        await asyncio.sleep(0.05)


def signal_session(session: int, number: signal.Signals) -> int:
    """To how many it was sent."""
    alive = list(_of_session(session))
    for pid in alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return len(alive)


def _of_session(session: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == session and fields[0] != b"Z":
                yield int(entry.name)
