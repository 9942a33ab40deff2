"""Listing directories, level by level, so that a listing that is cut short has lost its depths and not its start."""

import os
import stat
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.names import to_text
from opm.wire.files import MOST_ENTRIES, EntryType

LONGEST_SECONDS = 2.0

Entry = dict[str, Any]


class Listing:
    """One request's walk. Links are listed as links and never entered; ``.git`` is entered only when asked for."""

    def __init__(
        self,
        beneath: Beneath,
        *,
        most: int = MOST_ENTRIES,
        seconds: float = LONGEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beneath = beneath
        self._left = most
        self._clock = clock
        self._until = clock() + seconds
        self._truncated = False

    def tree(self, path: bytes, max_depth: int) -> dict[str, Any]:
        entries, below = self._level(path)
        waiting = deque((entry, name, 2) for entry, name in below)
        while waiting and not self._truncated:
            entry, name, depth = waiting.popleft()
            if depth > max_depth:
                break
            try:
                entry["children"], below = self._level(name)
            except OSError:
                continue  # gone, closed to us or another file system: listed, but not entered
            waiting.extend((child, child_name, depth + 1) for child, child_name in below)
        return {"path": to_text(path), "entries": entries, "truncated": self._truncated}

    def _level(self, path: bytes) -> tuple[list[Entry], list[tuple[Entry, bytes]]]:
        entries: list[Entry] = []
        below: list[tuple[Entry, bytes]] = []
        with self._beneath.directory(path) as descriptor, os.scandir(descriptor) as found:
            for item in found:
                if self._left == 0 or self._clock() > self._until:
                    self._truncated = True
                    break
                name = os.fsencode(item.name)
                whole = path + b"/" + name if path else name
                try:
                    entry = describe(descriptor, name, whole)
                except FileNotFoundError:
                    continue
                self._left -= 1
                entries.append(entry)
                if entry["type"] == EntryType.DIRECTORY and name != b".git":
                    below.append((entry, whole))
        entries.sort(key=_order)
        below.sort(key=lambda pair: _order(pair[0]))
        return entries, below


def describe(parent: int, name: bytes, path: bytes) -> Entry:
    """The fields of `opm.wire.files.Entry`, without the cost of the model: there may be ten thousand."""
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    kind = _kind(found.st_mode)
    return {
        "name": to_text(name),
        "path": to_text(path),
        "type": kind,
        "size": found.st_size if kind == EntryType.FILE else 0,
        "modified": modified(found),
        "target": to_text(os.readlink(name, dir_fd=parent)) if kind == EntryType.LINK else None,
        "children": None,
    }


def modified(found: os.stat_result) -> datetime | None:
    """None for a time no calendar holds, which anybody may give to a file."""
    try:
        return datetime.fromtimestamp(found.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _kind(mode: int) -> EntryType:
    if stat.S_ISREG(mode):
        return EntryType.FILE
    if stat.S_ISDIR(mode):
        return EntryType.DIRECTORY
    return EntryType.LINK if stat.S_ISLNK(mode) else EntryType.OTHER


def _order(entry: Entry) -> tuple[bool, str, str]:
    return entry["type"] != EntryType.DIRECTORY, entry["name"].casefold(), entry["name"]
