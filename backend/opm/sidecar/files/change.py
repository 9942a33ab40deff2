"""Changing the workspace: each change is whole or not at all, and none overwrites what its author has not seen."""

import base64
import binascii
import contextlib
import errno
import os
import secrets
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opm.sidecar.errors import Refused
from opm.sidecar.files import drafts, tree
from opm.sidecar.files.beneath import Beneath, openat2, rename_new
from opm.sidecar.files.content import etag, is_binary
from opm.sidecar.files.names import parse, to_text
from opm.wire.files import Rename, WriteFile, Written

LARGEST_WRITE = 10 << 20
_DEEPEST_DELETE = 512
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

LARGEST_SHOWN = 256 << 10
"""Up to this size the text that stands in the way of a write is told with the refusal."""

WriteSome = Callable[[int, memoryview], int]


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be replaced: the version that was read, anything, or (neither) nothing."""

    base_etag: str | None = None
    overwrite: bool = False


class Incoming:
    """A file on its way in: pieces go into a temporary one until `finish` puts it in its place.

    Everything by descriptor: the agent may put a link in place of the temporary name at any moment.
    """

    def __init__(self, changes: "Changes", path: bytes, terms: Terms) -> None:
        self._changes = changes
        self._path = path
        self._terms = terms
        self._temporary = secrets.token_hex(8).encode()
        self._open = contextlib.ExitStack()
        try:
            self._parent, self._name = self._open.enter_context(changes.beneath.place(path))
            self._before = _look(self._parent, self._name)
            _may_replace(self._parent, self._name, self._before, terms)
            self._drafts = self._open.enter_context(drafts.folder(changes.beneath))
            self._descriptor = os.open(self._temporary, _NEW_FILE, 0o666, dir_fd=self._drafts)
            self._open.callback(os.close, self._descriptor)
            self._open.callback(_forget, self._drafts, self._temporary)
        except BaseException:
            self._open.close()
            raise

    def add(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[self._changes.write_some(self._descriptor, rest) :]

    def finish(self) -> Written:
        if self._before is not None:
            os.fchmod(self._descriptor, stat.S_IMODE(self._before.st_mode) & 0o777)
        os.fsync(self._descriptor)
        written = os.fstat(self._descriptor)
        with self._changes.one_at_a_time:
            found = _look(self._parent, self._name)
            _may_replace(self._parent, self._name, found, self._terms)
            _put_in_place(self._drafts, self._temporary, self._parent, self._name, found)
        when = tree.modified(written)
        assert when is not None  # noqa: S101 - the file was written just now
        return Written(
            path=to_text(self._path), etag=etag(written), size=written.st_size, modified=when, created=found is None
        )

    def close(self) -> None:
        """Leaves nothing behind of a file that was not finished."""
        self._open.close()


class Changes:
    """``write`` is how bytes reach a descriptor; a test passes one that finds the disk full."""

    def __init__(self, beneath: Beneath, write: WriteSome = os.write) -> None:
        self.beneath = beneath
        self.write_some = write
        # Between looking at a file and replacing it nobody else of ours may replace it.
        self.one_at_a_time = threading.Lock()

    def incoming(self, path: bytes, terms: Terms) -> Incoming:
        return Incoming(self, path, terms)

    def write(self, wish: WriteFile) -> Written:
        content = _content(wish)
        with contextlib.closing(self.incoming(parse(wish.path), Terms(wish.base_etag, wish.overwrite))) as incoming:
            incoming.add(content)
            return incoming.finish()

    def make_directory(self, path: bytes) -> dict[str, Any]:
        self.beneath.make(path)
        return self._describe(path)

    def rename(self, wish: Rename) -> dict[str, Any]:
        source, target = parse(wish.path), parse(wish.to)
        with (
            self.beneath.parent(source) as (from_parent, name),
            self.beneath.parent(target) as (to_parent, new_name),
            self.one_at_a_time,
        ):
            self._spare(from_parent, name)
            self._spare(to_parent, new_name)
            try:
                if wish.overwrite:
                    os.rename(name, new_name, src_dir_fd=from_parent, dst_dir_fd=to_parent)
                else:
                    rename_new(from_parent, name, to_parent, new_name)
            except OSError as exc:
                if exc.errno == errno.EINVAL and _is_directory(from_parent, name):
                    raise Refused(400, "A folder cannot be moved into itself.", reason="inside_itself") from exc
                raise
        return self._describe(target)

    def delete(self, path: bytes, *, recursive: bool) -> None:
        with self.beneath.parent(path) as (parent, name), self.one_at_a_time:
            self._spare(parent, name)
            if not _is_directory(parent, name):
                os.unlink(name, dir_fd=parent)
                return
            if recursive:
                _empty(parent, name)
            os.rmdir(name, dir_fd=parent)

    def _spare(self, parent: int, name: bytes) -> None:
        if self.beneath.is_vital(parent, name):
            raise Refused(403, "Git's own directory is not deleted, moved or replaced here.", reason="git")

    def _describe(self, path: bytes) -> dict[str, Any]:
        with self.beneath.parent(path) as (parent, name):
            return tree.describe(parent, name, path)


def _content(wish: WriteFile) -> bytes:
    try:
        content = base64.b64decode(wish.content, validate=True) if wish.encoding == "base64" else wish.content.encode()
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise Refused(400, f"The content is not {wish.encoding}.") from None
    if len(content) > LARGEST_WRITE:
        raise Refused(413, f"The content is longer than {LARGEST_WRITE} bytes.", limit=LARGEST_WRITE)
    return content


def _is_directory(parent: int, name: bytes) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _look(parent: int, name: bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _may_replace(parent: int, name: bytes, found: os.stat_result | None, terms: Terms) -> None:
    if found is None:
        if terms.base_etag is not None:
            raise Refused(409, "The file was deleted since it was read.", reason="deleted", etag=None)
        return
    if not stat.S_ISREG(found.st_mode):
        kind = "a directory" if stat.S_ISDIR(found.st_mode) else "a link" if stat.S_ISLNK(found.st_mode) else "special"
        raise Refused(409, f"The path is {kind}, not a regular file.", reason="special")
    current = etag(found)
    if terms.base_etag is None and not terms.overwrite:
        raise Refused(409, "There is a file at this path already.", reason="exists", etag=current)
    if terms.base_etag is not None and terms.base_etag != current:
        text = _text_of(parent, name)
        raise Refused(
            409, "The file was changed since it was read.", reason="changed", etag=current, current_content=text
        )


def _text_of(parent: int, name: bytes) -> str | None:
    """What is there now, if it is a short text: then both versions can be compared without asking again."""
    try:
        descriptor = openat2(parent, name, _READ, links=False)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_SHOWN or is_binary(descriptor, found.st_size):
            return None
        return os.pread(descriptor, LARGEST_SHOWN, 0).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _put_in_place(source: int, temporary: bytes, parent: int, name: bytes, found: os.stat_result | None) -> None:
    if found is not None:
        os.rename(temporary, name, src_dir_fd=source, dst_dir_fd=parent)
        return
    try:
        rename_new(source, temporary, parent, name)
    except FileExistsError:
        raise Refused(409, "There is a file at this path already.", reason="exists") from None


def _forget(directory: int, temporary: bytes) -> None:
    try:
        os.unlink(temporary, dir_fd=directory)
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
