"""A directory as a zip archive, made while it is sent: nothing of it is ever whole, in memory or on disk."""

import os
import stat
import zipfile
from collections.abc import Generator, Iterator
from typing import Any

from opm.sidecar.files.beneath import Beneath, openat2
from opm.sidecar.files.names import OWN
from opm.sidecar.files.zipping import Sink, info_of

MOST_ENTRIES = 200_000
PIECE = 256 << 10
_DEEPEST = 256
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEEDS_ZIP64 = 1 << 31


def pieces(beneath: Beneath, path: bytes, most: int = MOST_ENTRIES) -> Generator[bytes]:
    """Regular files and empty directories below ``path``. Links are left out, and so are git's own directory
    and what is ours."""
    sink = Sink()
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
    archive: zipfile.ZipFile, sink: Sink, parent: int, name: bytes, inside: bytes, found: os.stat_result
) -> Iterator[bytes]:
    info = info_of(inside, found)
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
        names = sorted(name for item in listed if not (name := os.fsencode(item.name)).startswith(OWN))
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
