"""The shells that people open in the workspace: how many, in which environment, and until when.

They are the sidecar's own and not OpenCode's pseudo-terminals: OpenCode reads those faster than it can pass them on, so
that one program with much to say keeps it from everything else.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from opm.sidecar.errors import Refused
from opm.sidecar.session.shell import Shell
from opm.wire.terminals import MOST_TERMINALS, ChangeTerminal, NewTerminal, Terminal

IDLE_SECONDS = 1_800.0
_LOOK_SECONDS = 60.0
_OWN = ("OPM_POD_", "PYTHONUSERBASE")
"""What the sidecar itself was started with, and a person's shell has no use for."""


class Shells:
    def __init__(self, workspace: Path, environ: Mapping[str, str]) -> None:
        self._workspace = workspace
        self._environ = {name: value for name, value in environ.items() if not name.startswith(_OWN)}
        self._environ["TERM"] = "xterm-256color"
        self._creating = asyncio.Lock()
        self._open: dict[str, Shell] = {}

    def everyone(self) -> list[Terminal]:
        return [shell.shown for shell in self._living()]

    def require(self, ref: str) -> Shell:
        shell = self._open.get(ref)
        if shell is None or shell.output.complete:
            raise Refused(404, "There is no such terminal; it may have ended.")
        return shell

    async def create(self, new: NewTerminal) -> Terminal:
        async with self._creating:
            if len(self._living()) >= MOST_TERMINALS:
                raise Refused(409, f"This workspace has {MOST_TERMINALS} terminals, which is the most; close one.")
            ref = f"pty_{secrets.token_hex(8)}"
            self._open[ref] = shell = await Shell.start(ref, new, self._workspace, self._environ)
        return shell.shown

    def change(self, ref: str, change: ChangeTerminal) -> Terminal:
        shell = self.require(ref)
        if (change.rows is None) != (change.cols is None):
            raise Refused(400, "Rows and columns are changed together.")
        if change.title is None and change.rows is None:
            raise Refused(400, "Say a title, or rows and columns.")
        if change.title is not None:
            shell.title = change.title
        if change.rows is not None and change.cols is not None:
            shell.resize((change.rows, change.cols))
        return shell.shown

    async def end(self, ref: str) -> None:
        await self.require(ref).end()
        self._open.pop(ref, None)

    async def end_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look(time.monotonic())

    async def look(self, now: float) -> None:
        """End what nobody has watched, and what has said nothing, for half an hour."""
        for shell in self._living():
            if not shell.watched and now - shell.used_at >= IDLE_SECONDS:
                with contextlib.suppress(Refused):
                    await self.end(shell.ref)

    async def end_all(self) -> None:
        await asyncio.gather(*(shell.end() for shell in self._living()))

    def _living(self) -> list[Shell]:
        self._open = {ref: shell for ref, shell in self._open.items() if not shell.output.complete}
        return list(self._open.values())
