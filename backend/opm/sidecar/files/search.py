"""Searching names and contents with ripgrep, which skips what git ignores."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import msgspec

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.names import to_text
from opm.sidecar.files.programs import complaint, running
from opm.sidecar.files.ripgrep import Hit, hits_of, join

MOST_HITS = 500
LONGEST_SECONDS = 10.0
LONGEST_QUERY = 1_000
_LARGEST_FILE = "2M"
_COMMON = ("rg", "--no-config", "--no-messages", "--hidden", "--no-require-git", "--glob", "!.git/", "--sort", "path")


class Search(msgspec.Struct, frozen=True):
    """What is looked for. ``regex`` is Rust's syntax; without it the text is taken as it stands."""

    query: str
    kind: Literal["content", "name"] = "content"
    case_sensitive: bool = False
    regex: bool = False

    async def run(self, beneath: Beneath, path: bytes) -> dict[str, Any]:
        """`opm.wire.files.SearchResult`, cut short (``truncated``) after 500 hits or 10 seconds."""
        began = time.monotonic()
        hits: list[Hit] = []
        with beneath.directory(path) as directory:
            async with self._started(directory) as process:
                complete = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_SECONDS):
                        complete = await self._collect(process, path, hits)
                        if complete and await process.wait() == 2 and not hits:
                            raise _misunderstood(await complaint(process))
        took = round((time.monotonic() - began) * 1000)
        return {"hits": hits[:MOST_HITS], "truncated": not complete, "took_ms": took}

    @asynccontextmanager
    async def _started(self, directory: int) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Patterns for names are ripgrep's as well: unlike Python's, none of them runs for ever."""
        if self.kind == "content" or not self.regex:
            async with running(self._arguments(), directory, {}) as process:
                yield process
            return
        case = "--case-sensitive" if self.case_sensitive else "--ignore-case"
        matching = ["rg", "--no-config", "--null-data", "--text", case, "--regexp", self.query, "--", "-"]
        read_end, write_end = os.pipe()
        async with AsyncExitStack() as both:
            try:
                await both.enter_async_context(running(self._arguments(), directory, {}, stdout=write_end))
                process = await both.enter_async_context(running(matching, directory, {}, stdin=read_end))
            finally:
                os.close(read_end)
                os.close(write_end)
            yield process

    def _arguments(self) -> list[str]:
        if self.kind == "name":
            return [*_COMMON, "--files", "--null"]
        case = "--case-sensitive" if self.case_sensitive else "--ignore-case"
        form = "--regexp" if self.regex else "--fixed-strings"
        pattern = ["--regexp", self.query] if self.regex else [form, "--regexp", self.query]
        return [*_COMMON, "--json", "--max-filesize", _LARGEST_FILE, case, *pattern, "--", "."]

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


def _misunderstood(said: str) -> Refused:
    return Refused(400, f"The pattern is not understood: {said[:500] or 'ripgrep refused it'}", reason="pattern")
