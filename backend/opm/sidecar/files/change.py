"""Changing the workspace: each change is whole or not at all, and none overwrites what its author has not seen."""

import base64
import binascii
import os
import secrets
import stat
import threading
from collections.abc import Callable
from typing import Any

from opm.sidecar.errors import Refused
from opm.sidecar.files import tree
from opm.sidecar.files.beneath import Beneath, openat2, rename_new
from opm.sidecar.files.content import etag
from opm.sidecar.files.names import parse, to_text
from opm.wire.files import Rename, WriteFile, Written

LARGEST_WRITE = 10 << 20
_DEEPEST_DELETE = 512
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

WriteSome = Callable[[int, memoryview], int]


class Changes:
    """``write`` is how bytes reach a descriptor; a test passes one that finds the disk full."""

    def __init__(self, beneath: Beneath, write: WriteSome = os.write) -> None:
        self._beneath = beneath
        self._write = write
        # Between looking at a file and replacing it nobody else of ours may replace it.
        self._one_at_a_time = threading.Lock()

    def write(self, wish: WriteFile) -> Written:
        content = _content(wish)
        path = parse(wish.path)
        with self._beneath.parent(path, create=True) as (parent, name):
            before = _look(parent, name)
            _may_replace(before, wish)
            temporary = b".opm-%b.tmp" % secrets.token_hex(8).encode()
            written = self._fill(parent, temporary, content, before)
            try:
                with self._one_at_a_time:
                    found = _look(parent, name)
                    _may_replace(found, wish)
                    _put_in_place(parent, temporary, name, found)
            except BaseException:
                _forget(parent, temporary)
                raise
        when = tree.modified(written)
        assert when is not None  # noqa: S101 - the file was written just now
        return Written(path=to_text(path), etag=etag(written), size=len(content), modified=when, created=found is None)

    def _fill(self, parent: int, name: bytes, content: bytes, like: os.stat_result | None) -> os.stat_result:
        """All by descriptor: the agent may put a link in place of the temporary name at any moment."""
        descriptor = os.open(name, _NEW_FILE, 0o666, dir_fd=parent)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[self._write(descriptor, rest) :]
            if like is not None:
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode) & 0o777)
            os.fsync(descriptor)
            return os.fstat(descriptor)
        except BaseException:
            _forget(parent, name)
            raise
        finally:
            os.close(descriptor)

    def make_directory(self, path: bytes) -> dict[str, Any]:
        self._beneath.make(path)
        return self._describe(path)

    def rename(self, wish: Rename) -> dict[str, Any]:
        source, target = parse(wish.path), parse(wish.to)
        with (
            self._beneath.parent(source) as (from_parent, name),
            self._beneath.parent(target) as (to_parent, new_name),
            self._one_at_a_time,
        ):
            self._spare(from_parent, name)
            self._spare(to_parent, new_name)
            if wish.overwrite:
                os.rename(name, new_name, src_dir_fd=from_parent, dst_dir_fd=to_parent)
            else:
                rename_new(from_parent, name, to_parent, new_name)
        return self._describe(target)

    def delete(self, path: bytes, *, recursive: bool) -> None:
        with self._beneath.parent(path) as (parent, name), self._one_at_a_time:
            self._spare(parent, name)
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=parent)
                return
            if recursive:
                _empty(parent, name)
            os.rmdir(name, dir_fd=parent)

    def _spare(self, parent: int, name: bytes) -> None:
        if self._beneath.is_vital(parent, name):
            raise Refused(403, "Git's own directory is not deleted, moved or replaced here.", reason="git")

    def _describe(self, path: bytes) -> dict[str, Any]:
        with self._beneath.parent(path) as (parent, name):
            return tree.describe(parent, name, path)


def _content(wish: WriteFile) -> bytes:
    try:
        content = base64.b64decode(wish.content, validate=True) if wish.encoding == "base64" else wish.content.encode()
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise Refused(400, f"The content is not {wish.encoding}.") from None
    if len(content) > LARGEST_WRITE:
        raise Refused(413, f"The content is longer than {LARGEST_WRITE} bytes.", limit=LARGEST_WRITE)
    return content


def _look(parent: int, name: bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _may_replace(found: os.stat_result | None, wish: WriteFile) -> None:
    if found is None:
        if wish.base_etag is not None:
            raise Refused(409, "The file was deleted since it was read.", reason="deleted", etag=None)
        return
    if not stat.S_ISREG(found.st_mode):
        kind = "a directory" if stat.S_ISDIR(found.st_mode) else "a link" if stat.S_ISLNK(found.st_mode) else "special"
        raise Refused(409, f"The path is {kind}, not a regular file.", reason="special")
    current = etag(found)
    if wish.base_etag is None and not wish.overwrite:
        raise Refused(409, "There is a file at this path already.", reason="exists", etag=current)
    if wish.base_etag is not None and wish.base_etag != current:
        raise Refused(409, "The file was changed since it was read.", reason="changed", etag=current)


def _put_in_place(parent: int, temporary: bytes, name: bytes, found: os.stat_result | None) -> None:
    if found is not None:
        os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        return
    try:
        rename_new(parent, temporary, parent, name)
    except FileExistsError:
        raise Refused(409, "There is a file at this path already.", reason="exists") from None


def _forget(parent: int, temporary: bytes) -> None:
    try:
        os.unlink(temporary, dir_fd=parent)
    except OSError:
        return


def _empty(parent: int, name: bytes, depth: int = 0) -> None:
    if depth >= _DEEPEST_DELETE:
        raise Refused(409, f"The directory is deeper than {_DEEPEST_DELETE} levels; delete it from a terminal.")
    descriptor = openat2(parent, name, _ENTER, links=False)
    try:
        with os.scandir(descriptor) as found:
            items = [(os.fsencode(item.name), item.is_dir(follow_symlinks=False)) for item in found]
        for item, is_directory in items:
            if is_directory:
                _empty(descriptor, item, depth + 1)
                os.rmdir(item, dir_fd=descriptor)
            else:
                os.unlink(item, dir_fd=descriptor)
    finally:
        os.close(descriptor)
