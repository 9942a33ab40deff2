"""Terminals that say what they are told, in capitals and without quotes; typing "exit" ends one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from opm.server.core.errors import Conflict, NotFound
from opm.wire.terminals import MOST_TERMINALS, ChangeTerminal, NewTerminal, Terminal, TerminalControl


class FakeTerminals:
    def __init__(self, *open_ones: str) -> None:
        self.titles: dict[str, str] = dict.fromkeys(open_ones, "Terminal")
        self.said: dict[str, str] = dict.fromkeys(open_ones, "")
        self.sizes: dict[str, tuple[int, int]] = {}
        self.lines: list[FakeLine] = []
        self._made = len(open_ones)

    async def everyone(self) -> list[Terminal]:
        return [self._shown(ref) for ref in self.titles]

    async def create(self, new: NewTerminal) -> Terminal:
        if len(self.titles) >= MOST_TERMINALS:
            raise Conflict("There are too many terminals; close one.")
        self._made += 1
        ref = f"pty_{self._made}"
        self.titles[ref], self.said[ref], self.sizes[ref] = new.title, "", (new.rows, new.cols)
        return self._shown(ref)

    async def change(self, ref: str, change: ChangeTerminal) -> Terminal:
        self._require(ref)
        self.titles[ref] = change.title or self.titles[ref]
        if change.rows is not None and change.cols is not None:
            self.sizes[ref] = (change.rows, change.cols)
        return self._shown(ref)

    async def end(self, ref: str) -> None:
        self._require(ref)
        del self.titles[ref]
        for line in self.lines:
            if line.ref == ref:
                line.hear(TerminalControl(type="exit").model_dump_json(exclude_none=True))
                line.hear(None)

    @asynccontextmanager
    async def connect(self, ref: str, cursor: int) -> AsyncGenerator["FakeLine"]:
        self._require(ref)
        line = FakeLine(self, ref)
        self.lines.append(line)
        missed = self.said[ref][cursor:]
        if missed:
            line.hear(missed.encode())
        line.hear(TerminalControl(type="cursor", cursor=len(self.said[ref])).model_dump_json(exclude_none=True))
        try:
            yield line
        finally:
            self.lines.remove(line)

    async def typed(self, ref: str, text: str) -> None:
        if "exit" in text:
            await self.end(ref)
            return
        self.say(ref, text.upper().replace("'", ""))

    def say(self, ref: str, text: str) -> None:
        self.said[ref] += text
        for line in self.lines:
            if line.ref == ref:
                line.hear(text.encode())

    def _require(self, ref: str) -> None:
        if ref not in self.titles:
            raise NotFound("There is no such terminal.")

    def _shown(self, ref: str) -> Terminal:
        return Terminal(id=ref, title=self.titles[ref], running=True)


class FakeLine:
    def __init__(self, terminals: FakeTerminals, ref: str) -> None:
        self._terminals = terminals
        self._heard: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.ref = ref

    @property
    def waiting(self) -> int:
        return self._heard.qsize()

    def hear(self, frame: bytes | str | None) -> None:
        self._heard.put_nowait(frame)

    async def receive(self) -> bytes | str | None:
        return await self._heard.get()

    async def send(self, text: str, *, reply: bool = False) -> None:
        await self._terminals.typed(self.ref, text)
