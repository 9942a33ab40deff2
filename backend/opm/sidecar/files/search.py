"""Searching names and contents with ripgrep, which skips what git ignores."""

import asyncio
import base64
import contextlib
import time
from typing import Any, Literal

import msgspec

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.names import to_text
from opm.sidecar.files.programs import complaint, running

MOST_HITS = 500
LONGEST_SECONDS = 10.0
LONGEST_QUERY = 1_000
_LONGEST_TEXT = 300
_BEFORE_HIT = 80
_LARGEST_FILE = "2M"
_COMMON = ("rg", "--no-config", "--no-messages", "--hidden", "--no-require-git", "--glob", "!.git/", "--sort", "path")

Hit = dict[str, Any]


class _Text(msgspec.Struct):
    text: str | None = None
    encoded: str | None = msgspec.field(name="bytes", default=None)

    def raw(self) -> bytes:
        return self.text.encode("utf-8", "replace") if self.text is not None else base64.b64decode(self.encoded or "")


class _Submatch(msgspec.Struct):
    start: int
    end: int


class _Data(msgspec.Struct):
    path: _Text = msgspec.field(default_factory=_Text)
    lines: _Text = msgspec.field(default_factory=_Text)
    line_number: int | None = None
    submatches: list[_Submatch] = msgspec.field(default_factory=list[_Submatch])


class _Line(msgspec.Struct):
    type: str
    data: _Data = msgspec.field(default_factory=_Data)


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
            async with running(self._arguments(), directory, {}) as process:
                complete = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_SECONDS):
                        complete = await self._collect(process, path, hits)
                        if complete and await process.wait() == 2 and not hits:
                            raise _misunderstood(await complaint(process))
        took = round((time.monotonic() - began) * 1000)
        return {"hits": hits[:MOST_HITS], "truncated": not complete, "took_ms": took}

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
            hits += self._named(line[:-1], path) if self.kind == "name" else _found(line, path)
            if len(hits) > MOST_HITS:
                return False

    def _named(self, name: bytes, path: bytes) -> list[Hit]:
        whole = to_text(_join(path, name))
        inside = to_text(name)
        found = self.query in inside if self.case_sensitive else self.query.casefold() in inside.casefold()
        return [{"path": whole, "line": None, "column": None, "text": ""}] if found else []


def _found(line: bytes, path: bytes) -> list[Hit]:
    told = msgspec.json.decode(line, type=_Line)
    if told.type != "match":
        return []
    text = told.data.lines.raw()
    where = to_text(_join(path, told.data.path.raw()))
    first = told.data.submatches[0].start if told.data.submatches else 0
    column = len(text[:first].decode("utf-8", "replace")) + 1
    shown = text[max(0, first - _BEFORE_HIT) :].decode("utf-8", "replace").rstrip("\r\n")[:_LONGEST_TEXT]
    return [{"path": where, "line": told.data.line_number, "column": column, "text": shown}]


def _join(path: bytes, name: bytes) -> bytes:
    name = name.removeprefix(b"./")
    return path + b"/" + name if path else name


def _misunderstood(said: str) -> Refused:
    return Refused(400, f"The pattern is not understood: {said[:500] or 'ripgrep refused it'}", reason="pattern")
