"""Listing directories, level by level, so that a listing that is cut short has lost its depths and not its start."""

import heapq
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.names import OWN, to_bytes, to_text
from opm.wire.files import MOST_ENTRIES, EntryType

LONGEST_SECONDS = 2.0

_OWN = OWN.decode()
_NAMES_BETWEEN_LOOKS = 4096

Entry = dict[str, Any]
Place = tuple[bool, str, str]
"""Where a name stands in the order of its folder."""


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
        self._unordered = False
        self._cut_after: str | None = None

    def tree(self, path: bytes, max_depth: int, after: Place | None = None) -> dict[str, Any]:
        entries, below = self._level(path, after)
        # Only of the folder itself can the rest be asked for; what lies deeper has a listing of its own.
        following = self._cut_after
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
        return {"path": to_text(path), "entries": entries, "truncated": self._truncated, "next": following}

    def _level(self, path: bytes, after: Place | None = None) -> tuple[list[Entry], list[tuple[Entry, bytes]]]:
        entries: list[Entry] = []
        below: list[tuple[Entry, bytes]] = []
        with self._beneath.directory(path) as descriptor:
            room = self._left
            places = self._first(descriptor, after)
            for place in places[:room]:
                if self._clock() > self._until:
                    self._cut(entries)
                    break
                name = os.fsencode(place[2])
                whole = path + b"/" + name if path else name
                try:
                    entry = describe(descriptor, name, whole)
                except FileNotFoundError:
                    continue
                self._left -= 1
                entries.append(entry)
                if entry["type"] == EntryType.DIRECTORY and name != b".git":
                    below.append((entry, whole))
            if len(places) > room:
                self._cut(entries)
        return entries, below

    def _first(self, descriptor: int, after: Place | None) -> list[Place]:
        """The first names in order, one more than may be listed; a name costs far less than what is said about it."""
        with os.scandir(descriptor) as found:
            shown = (item for item in self._timely(found) if not item.name.startswith(_OWN))
            places = (place_of(item.name, directory=item.is_dir(follow_symlinks=False)) for item in shown)
            return heapq.nsmallest(self._left + 1, (place for place in places if after is None or place > after))

    def _timely(self, found: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for number, item in enumerate(found, 1):
            if number % _NAMES_BETWEEN_LOOKS == 0 and self._clock() > self._until:
                self._truncated, self._unordered = True, True
                return
            yield item

    def _cut(self, entries: list[Entry]) -> None:
        self._truncated = True
        if entries and not self._unordered:
            last = entries[-1]
            self._cut_after = last["name"] + ("/" if last["type"] == EntryType.DIRECTORY else "")


def place_of(name: str, *, directory: bool) -> Place:
    """Directories first, then names whatever their case."""
    text = to_text(os.fsencode(name))
    return not directory, text.casefold(), name


def place_after(said: str) -> Place:
    """What `next` says: the last name that was listed, with a slash if it is a directory."""
    directory, name = said.endswith("/"), said.removesuffix("/")
    if not name or "/" in name or "\0" in name:
        raise Refused(400, "after is a name, as `next` said it.")
    return place_of(os.fsdecode(to_bytes(name)), directory=directory)


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
