"""A directory as a zip archive, made while it is sent: nothing of it is ever whole, in memory or on disk."""

import os
import stat
import time
import zipfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any

from opm.sidecar.files.beneath import Beneath, openat2
from opm.sidecar.files.names import to_text

MOST_ENTRIES = 200_000
PIECE = 256 << 10
_DEEPEST = 256
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEEDS_ZIP64 = 1 << 31
_OLDEST = 1980  # no earlier year fits into the format
_NEWEST = 2107


class _Sink:
    """Where the archive is written; what has gathered is taken away piece by piece."""

    def __init__(self) -> None:
        self._gathered = bytearray()

    def write(self, data: bytes) -> int:
        self._gathered += data
        return len(data)

    def flush(self) -> None:
        """Zip archives flush where they write to; there is nothing to do."""

    def take(self, at_least: int) -> Iterator[bytes]:
        if len(self._gathered) >= at_least:
            taken, self._gathered = bytes(self._gathered), bytearray()
            yield taken


def pieces(beneath: Beneath, path: bytes, most: int = MOST_ENTRIES) -> Generator[bytes]:
    """Regular files and empty directories below ``path``. Links are left out, and so is git's own directory."""
    sink = _Sink()
    left = most
    to: Any = sink  # it can do all that a zip archive needs of its file
    with beneath.directory(path) as top, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for parent, name, inside, found in _walk(top, b""):
            if left == 0:
                archive.writestr("INCOMPLETE.txt", f"This archive ends after {most} files; fetch smaller folders.\n")
                break
            left -= 1
            yield from _add(archive, sink, parent, name, inside, found)
    yield from sink.take(1)


def _add(
    archive: zipfile.ZipFile, sink: _Sink, parent: int, name: bytes, inside: bytes, found: os.stat_result
) -> Iterator[bytes]:
    info = _info(inside, found)
    if stat.S_ISDIR(found.st_mode):
        archive.writestr(info, b"")
        return
    try:
        descriptor = openat2(parent, name, _READ, links=False)
    except OSError:
        return  # gone, or closed to us
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        rest = found.st_size  # a file that grows meanwhile must not outgrow what its head promises
        with archive.open(info, "w", force_zip64=found.st_size >= _NEEDS_ZIP64) as target:
            while rest and (piece := os.read(descriptor, min(PIECE, rest))):
                rest -= len(piece)
                target.write(piece)
                yield from sink.take(PIECE)
    finally:
        os.close(descriptor)
    yield from sink.take(PIECE)


def _walk(directory: int, inside: bytes, depth: int = 0) -> Generator[tuple[int, bytes, bytes, os.stat_result]]:
    with os.scandir(directory) as listed:
        names = sorted(os.fsencode(item.name) for item in listed)
    if not names and inside:
        yield directory, b".", inside + b"/", os.fstat(directory)
    for name in names:
        whole = inside + b"/" + name if inside else name
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                yield directory, name, whole, found
            if not stat.S_ISDIR(found.st_mode) or name == b".git" or depth >= _DEEPEST:
                continue
            below = openat2(directory, name, _ENTER, links=False)
        except OSError:
            continue  # gone meanwhile, closed to us, or another file system
        try:
            yield from _walk(below, whole, depth + 1)
        finally:
            os.close(below)


def _info(inside: bytes, found: os.stat_result) -> zipfile.ZipInfo:
    """Programs on other systems take a backslash for a separator, and ``C:`` for a drive."""
    name = to_text(inside).replace("\\", "_").replace(":", "_")
    when = _when(found)
    info = zipfile.ZipInfo(name, when)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IFMT(found.st_mode)) << 16
    info.file_size = found.st_size
    return info


def _when(found: os.stat_result) -> tuple[int, int, int, int, int, int]:
    try:
        moment = datetime.fromtimestamp(found.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.fromtimestamp(time.time(), UTC)
    year = min(max(moment.year, _OLDEST), _NEWEST)
    return (year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
