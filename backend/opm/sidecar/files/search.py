"""Searching names and contents with ripgrep, which skips what git ignores."""

import asyncio
import contextlib
import time
from typing import Any

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.names import to_text
from opm.sidecar.files.programs import complaint
from opm.sidecar.files.query import Query
from opm.sidecar.files.ripgrep import Hit, hits_of, join

MOST_HITS = 500
LONGEST_SECONDS = 10.0
LONGEST_QUERY = 1_000


class Search(Query, frozen=True):
    async def run(self, beneath: Beneath, path: bytes) -> dict[str, Any]:
        """`opm.wire.files.SearchResult`, cut short (``truncated``) after 500 hits or 10 seconds."""
        began = time.monotonic()
        hits: list[Hit] = []
        with beneath.directory(path) as directory:
            async with self.started(directory) as process:
                complete = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_SECONDS):
                        complete = await self._collect(process, path, hits)
                        if complete and await process.wait() == 2 and not hits:
                            await _understood(process)
        took = round((time.monotonic() - began) * 1000)
        return {"hits": hits[:MOST_HITS], "truncated": not complete, "took_ms": took}

    async def _collect(self, process: asyncio.subprocess.Process, path: bytes, hits: list[Hit]) -> bool:
        """Whether all there is was read."""
        assert process.stdout is not None  # noqa: S101 - asked for
        separator = b"\0" if self.kind == "name" else b"\n"
        while True:
            try:
                line = await process.stdout.readuntil(separator)
            except asyncio.IncompleteReadError:
                return True
            except asyncio.LimitOverrunError:
                return False
            hits += self._named(line[:-1], path) if self.kind == "name" else hits_of(line, path)
            if len(hits) > MOST_HITS:
                return False

    def _named(self, name: bytes, path: bytes) -> list[Hit]:
        whole = to_text(join(path, name))
        if self.regex:
            return [{"path": whole, "line": None, "column": None, "text": ""}]
        inside = to_text(name)
        found = self.query in inside if self.case_sensitive else self.query.casefold() in inside.casefold()
        return [{"path": whole, "line": None, "column": None, "text": ""}] if found else []


async def _understood(process: asyncio.subprocess.Process) -> None:
    """A file that cannot be read gives the same code as a pattern that makes no sense, and is not spoken of."""
    if said := await complaint(process):
        raise Refused(400, f"The pattern is not understood: {said[:500]}", reason="pattern")
