"""The only code that turns a client's path into a real one: the kernel resolves it, inside the workspace or not at all.

Checking a path first and opening it afterwards can be raced by an agent that swaps a directory for a link in
between; ``openat2`` with RESOLVE_BENEATH cannot. Changes are made by a single name on a descriptor of its parent.
"""

import ctypes
import errno
import os
import platform
import stat
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opm.sidecar.errors import Refused
from opm.sidecar.settings import Misconfigured

_OPENAT2 = 437
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276}
_RENAME_NOREPLACE = 1
_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x01, 0x02, 0x04, 0x08
_PATIENCE = 64  # the kernel says EAGAIN when a directory moved while it was looking

_MOST_LINKS = 40  # as the kernel has it

_LOOK = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: bytes, flags: int, *, links: bool = True) -> int:
    resolve = _BENEATH | _NO_MAGICLINKS | _NO_XDEV | (0 if links else _NO_SYMLINKS)
    how = _OpenHow(flags, 0, resolve)
    for _ in range(_PATIENCE):
        found: int = _libc.syscall(
            ctypes.c_long(_OPENAT2),
            ctypes.c_int(directory),
            ctypes.c_char_p(path or b"."),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if found >= 0:
            return found
        if ctypes.get_errno() not in {errno.EAGAIN, errno.EINTR}:
            break
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def rename_new(source: int, name: bytes, target: int, new_name: bytes) -> None:
    """Rename, unless something has the new name: then EEXIST, without a moment in between."""
    failed = _libc.syscall(
        ctypes.c_long(_RENAMEAT2[platform.machine()]),
        ctypes.c_int(source),
        ctypes.c_char_p(name),
        ctypes.c_int(target),
        ctypes.c_char_p(new_name),
        ctypes.c_uint(_RENAME_NOREPLACE),
    )
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Beneath:
    """One directory, held open. Paths are the clean bytes `names.parse` makes."""

    def __init__(self, root: Path) -> None:
        if platform.machine() not in _RENAMEAT2:
            raise Misconfigured(f"this kind of processor ({platform.machine()}) is not supported")
        self._root = os.open(root, _LIST)
        self._identity = _identity(self._root)
        self._prove()

    def close(self) -> None:
        os.close(self._root)

    def _prove(self) -> None:
        """Refuse to serve where the kernel would not keep us in (too old, or a filter that says no)."""
        try:
            os.close(openat2(self._root, b"", _LOOK))
        except OSError as exc:
            raise Misconfigured(f"the kernel does not offer openat2 ({exc.strerror}); 5.6 or newer is needed") from exc
        try:
            os.close(openat2(self._root, b"..", _LOOK))
        except OSError:
            return
        raise Misconfigured("the kernel let openat2 step out of the workspace")

    @contextmanager
    def file(self, path: bytes) -> Generator[tuple[int, os.stat_result]]:
        """A regular file for reading; links are followed as long as they stay inside."""
        descriptor = self.open_file(path)
        try:
            yield descriptor, os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def open_file(self, path: bytes) -> int:
        """Never waits, whatever lies there: a pipe without a writer opens at once and is then refused."""
        descriptor = openat2(self._root, path, _READ)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise Refused(409, "The path is a directory.", reason="eisdir")
        raise Refused(409, "The path is not a regular file.", reason="special")

    @contextmanager
    def directory(self, path: bytes) -> Generator[int]:
        """For listing. The path itself may be a link that stays inside."""
        descriptor = openat2(self._root, path, _LIST)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def parent(self, path: bytes, *, create: bool = False) -> Generator[tuple[int, bytes]]:
        """The directory that holds the path, and the last name: all that a change may work with."""
        above, _, name = path.rpartition(b"/")
        descriptor = self._ensure(above) if create else openat2(self._root, above, _LOOK)
        try:
            yield descriptor, name
        finally:
            os.close(descriptor)

    @contextmanager
    def place(self, path: bytes) -> Generator[tuple[int, bytes]]:
        """Like `parent`, which is made, but of what a link there stands for in the end: it stays, and is not replaced.

        Only its words are taken from the link; where they lead the kernel decides, beneath the workspace as ever. What
        an agent puts in the place meanwhile is seen as what it is, and is not followed any more.
        """
        with ExitStack() as held:
            parent, name = held.enter_context(self.parent(path, create=True))
            for _ in range(_MOST_LINKS):
                words = _words_of(parent, name)
                if words is None:
                    yield parent, name
                    return
                path = _beside(path, words)
                held.close()
                parent, name = held.enter_context(self.parent(path))
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def make(self, path: bytes) -> None:
        os.close(self._ensure(path))

    def is_vital(self, parent: int, name: bytes) -> bool:
        """Git's own directory of the workspace, by whatever path it was reached."""
        return name == b".git" and _identity(parent) == self._identity

    def _ensure(self, path: bytes) -> int:
        try:
            return openat2(self._root, path, _LOOK)
        except FileNotFoundError:
            above, _, name = path.rpartition(b"/")
        parent = self._ensure(above)
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            pass  # made by somebody else meanwhile, or a link to nowhere, which the next line refuses
        finally:
            os.close(parent)
        return openat2(self._root, path, _LOOK)


def _words_of(parent: int, name: bytes) -> bytes | None:
    """What a link says; None: there is no link."""
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError:
        return None


def _beside(path: bytes, words: bytes) -> bytes:
    if words.startswith(b"/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    if words.rpartition(b"/")[2] in {b"", b".", b".."}:
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    above = path.rpartition(b"/")[0]
    return above + b"/" + words if above else words


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
