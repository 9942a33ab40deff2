"""The shells that people open in the workspace: OpenCode's PTYs, with limits and an end of our own.

Which program runs is decided here, never by the request. OpenCode ends the shell alone, so what the shell started
is ended here, as far as it can be seen: where the parts of a pod do not share their processes, OpenCode's word must do.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec

from opm.sidecar.errors import Refused
from opm.sidecar.session.upstream import OpenCode
from opm.wire.terminals import MOST_TERMINALS, ChangeTerminal, NewTerminal, Terminal

IDLE_SECONDS = 1_800.0
_LOOK_SECONDS = 60.0
_GRACE_SECONDS = 0.3
_KILLS = 40
_MARK = "OPM_TERMINAL"
_HIDDEN = ("OPENCODE_SERVER_PASSWORD", "OPENCODE_CONFIG_CONTENT")
"""What OpenCode itself was started with, and a person's shell has no use for."""


class _Pty(msgspec.Struct):
    id: str
    title: str = ""
    status: str = ""
    pid: int = 0


class Shells:
    def __init__(self, opencode: OpenCode, workspace: str, mark: str) -> None:
        self._opencode = opencode
        self._workspace = workspace
        self._mark = mark
        self._creating = asyncio.Lock()
        self._viewers: Counter[str] = Counter()
        self._seen: dict[str, tuple[int, float]] = {}

    async def everyone(self) -> list[Terminal]:
        return [_shown(pty) for pty in await self._ptys()]

    async def require(self, ref: str) -> None:
        await self._opencode.call("GET", f"/pty/{ref}")

    async def create(self, new: NewTerminal) -> Terminal:
        async with self._creating:
            if len(await self._ptys()) >= MOST_TERMINALS:
                raise Refused(409, f"This workspace has {MOST_TERMINALS} terminals, which is the most; close one.")
            body: dict[str, Any] = {
                "command": "/bin/bash",
                "args": ["-i"],
                "cwd": self._workspace,
                "title": new.title,
                "env": {_MARK: self._mark, "TERM": "xterm-256color", **dict.fromkeys(_HIDDEN, "")},
            }
            made = _read((await self._opencode.call("POST", "/pty", body=msgspec.json.encode(body))).body)
        await self.change(made.id, ChangeTerminal(rows=new.rows, cols=new.cols))
        return _shown(made)

    async def change(self, ref: str, change: ChangeTerminal) -> Terminal:
        if (change.rows is None) != (change.cols is None):
            raise Refused(400, "Rows and columns are changed together.")
        body: dict[str, Any] = {}
        if change.title is not None:
            body["title"] = change.title
        if change.rows is not None:
            body["size"] = {"rows": change.rows, "cols": change.cols}
        if not body:
            raise Refused(400, "Say a title, or rows and columns.")
        return _shown(_read((await self._opencode.call("PUT", f"/pty/{ref}", body=msgspec.json.encode(body))).body))

    async def end(self, ref: str) -> None:
        pty = _read((await self._opencode.call("GET", f"/pty/{ref}")).body)
        ours = pty.pid > 1 and _is_marked(pty.pid, self._mark)
        known = set(_of_session(pty.pid)) if ours else set[int]()
        await self._opencode.call("DELETE", f"/pty/{ref}")
        self._seen.pop(ref, None)
        if known:
            await asyncio.sleep(_GRACE_SECONDS)
            await _kill(pty.pid)

    @contextlib.contextmanager
    def watched(self, ref: str) -> Generator[None]:
        self._viewers[ref] += 1
        try:
            yield
        finally:
            self._viewers[ref] -= 1
            self._seen.pop(ref, None)

    async def end_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(Refused):
                await self.look(time.monotonic())

    async def look(self, now: float) -> None:
        """End what nobody has watched, and what has said nothing, for half an hour."""
        for pty in await self._ptys():
            if self._viewers[pty.id] > 0:
                continue
            cursor = await self._opencode.pty_cursor(pty.id)
            before, since = self._seen.get(pty.id, (-1, now))
            if cursor != before:
                self._seen[pty.id] = (cursor, now)
            elif now - since >= IDLE_SECONDS:
                await self.end(pty.id)

    async def _ptys(self) -> list[_Pty]:
        found = await self._opencode.call("GET", "/pty")
        try:
            return msgspec.json.decode(found.body, type=list[_Pty])
        except msgspec.DecodeError as exc:
            raise _strange() from exc


def _read(body: bytes) -> _Pty:
    try:
        return msgspec.json.decode(body, type=_Pty)
    except msgspec.DecodeError as exc:
        raise _strange() from exc


def _strange() -> Refused:
    return Refused(502, "OpenCode's answer about terminals cannot be understood; its version does not fit.")


def _shown(pty: _Pty) -> Terminal:
    return Terminal(id=pty.id, title=pty.title[:80] or "Terminal", running=pty.status == "running")


def _is_marked(pid: int, mark: str) -> bool:
    """Whether this number means the shell that we asked for, and not some process of our own container."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{_MARK}={mark}".encode() in environ.split(b"\0")


async def _kill(session: int) -> None:
    """Again until none is left, for what is being killed may just have started another."""
    for _ in range(_KILLS):
        alive = list(_of_session(session))
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not alive:
            return
        await asyncio.sleep(0.05)


def _of_session(session: int) -> Iterator[int]:
    """Processes of the session that the shell leads: its jobs are process groups of their own inside it."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == session and fields[0] != b"Z":
                yield int(entry.name)
