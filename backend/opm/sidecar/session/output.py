"""What a shell has said, and those who read it: the last MiB is kept, told apart by cursors.

A cursor counts bytes from the start of the shell's life.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from opm.wire.terminals import TerminalControl

KEPT = 1 << 20
"""Never more than that; a part of it is let go at once, so that not every piece moves all the others."""
_FRAME = 64 << 10


class Output:
    def __init__(self, kept: int = KEPT) -> None:
        self._limit = kept
        self._kept = bytearray()
        self.readers: set[Reader] = set()
        self.end = 0
        self.complete = False

    @property
    def start(self) -> int:
        return self.end - len(self._kept)

    def put(self, data: bytes) -> None:
        self._kept += data
        self.end += len(data)
        if len(self._kept) > self._limit:
            del self._kept[: self._limit // 8 - self._limit]
            while self._kept and self._kept[0] & 0xC0 == 0x80:  # not in the middle of a character
                del self._kept[0]
        self._wake()

    def finish(self) -> None:
        self.complete = True
        self._wake()

    def read(self, cursor: int, most: int) -> bytes:
        at = cursor - self.start
        return bytes(self._kept[at : at + most])

    def _wake(self) -> None:
        for reader in self.readers:
            reader.some.set()


class Reader:
    """One viewer's place in the output. Its position is what it has taken, not what it was given."""

    def __init__(self, output: Output, cursor: int, on_taken: Callable[[], None]) -> None:
        self._output = output
        self._on_taken = on_taken
        self._replay_end: int | None = output.end
        self.position = max(output.start, min(cursor, output.end))
        self.taken_at = time.monotonic()
        self.some = asyncio.Event()

    async def frames(self) -> AsyncGenerator[str | bytes]:
        """Bytes and notices; after the last, nothing more will come."""
        output = self._output
        while True:
            if self.position < output.start:
                yield self._skip()
            if self.position == self._replay_end:
                yield _control(TerminalControl(type="cursor", cursor=self.position))
                self._replay_end = None
            self.some.clear()
            data = output.read(self.position, min(_FRAME, (self._replay_end or output.end) - self.position))
            if data:
                yield data
                self.position += len(data)
                self.taken_at = time.monotonic()
                self._on_taken()
            elif output.complete:
                yield _control(TerminalControl(type="exit"))
                return
            else:
                await self.some.wait()

    def _skip(self) -> str:
        missed = self._output.start - self.position
        self.position += missed
        self._replay_end = None
        return _control(TerminalControl(type="skipped", bytes=missed, cursor=self.position))


def _control(control: TerminalControl) -> str:
    return control.model_dump_json(exclude_none=True)
