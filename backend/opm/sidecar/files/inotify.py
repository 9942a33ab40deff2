"""The kernel's news about directories, asked for by descriptor, so that no link leads elsewhere."""

import ctypes
import os
import struct
from typing import NamedTuple

CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x008, 0x040, 0x080, 0x100, 0x200
OVERFLOW, IGNORED, IS_DIRECTORY = 0x4000, 0x8000, 0x4000_0000
_ONLY_DIRECTORIES, _NOT_UNLINKED = 0x0100_0000, 0x0400_0000
_MASK = CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | _ONLY_DIRECTORIES | _NOT_UNLINKED
_HEAD = struct.Struct("iIII")
_BUFFER = 256 << 10

_libc = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    watch: int
    mask: int
    name: bytes


class Inotify:
    def __init__(self) -> None:
        self.descriptor = _checked(_libc.inotify_init1(ctypes.c_int(os.O_NONBLOCK | os.O_CLOEXEC)))

    def close(self) -> None:
        os.close(self.descriptor)

    def watch(self, directory: int) -> int:
        """The watch of an open directory; the same one if it is watched already."""
        path = b"/proc/self/fd/%d" % directory
        return _checked(_libc.inotify_add_watch(ctypes.c_int(self.descriptor), path, ctypes.c_uint32(_MASK)))

    def drop(self, watch: int) -> None:
        """Fails without a word when the directory itself is gone."""
        _libc.inotify_rm_watch(ctypes.c_int(self.descriptor), ctypes.c_int(watch))

    def read(self) -> list[Event]:
        """What has come, without waiting."""
        try:
            data = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return []
        found: list[Event] = []
        at = 0
        while at < len(data):
            watch, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            found.append(Event(watch, mask, data[at : at + length].rstrip(b"\0")))
            at += length
        return found


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
