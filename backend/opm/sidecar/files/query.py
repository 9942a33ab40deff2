"""What ripgrep is asked, for contents and for names."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import msgspec

from opm.sidecar.files.programs import running

_LARGEST_FILE = "2M"
_COMMON = (
    "rg",
    "--no-config",
    "--no-messages",
    "--hidden",
    "--no-require-git",
    "--glob",
    "!.git/",
    "--glob",
    "!.opm-*",
    "--sort",
    "path",
)


class Query(msgspec.Struct, frozen=True):
    """What is looked for. ``regex`` is Rust's syntax; without it the text is taken as it stands."""

    query: str
    kind: Literal["content", "name"] = "content"
    case_sensitive: bool = False
    regex: bool = False

    @asynccontextmanager
    async def started(self, directory: int) -> AsyncGenerator[asyncio.subprocess.Process]:
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
