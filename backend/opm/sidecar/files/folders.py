"""The folders of a workspace under watch, kept in step with what the kernel tells.

Folders are opened beneath the workspace without following any link, so nothing outside is ever watched. Those that
programs fill (`node_modules`) are watched themselves and not what is below; of ``.git`` only what shows that a commit
or a checkout was made is told.
"""

import errno
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from opm.sidecar.files import inotify
from opm.sidecar.files.beneath import Beneath, openat2
from opm.sidecar.files.burst import Burst
from opm.sidecar.files.inotify import Event, Inotify
from opm.sidecar.files.names import DEEPEST_PATH, OWN

MOST_FOLDERS = 50_000

_NOISY = frozenset(
    b"node_modules .venv venv __pycache__ .cache .tox .mypy_cache .pytest_cache .ruff_cache .gradle .next".split()
)
_GIT = b".git"
_TELLING = frozenset({b"HEAD", b"ORIG_HEAD", b"COMMIT_EDITMSG", b"index", b"packed-refs"})
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE = inotify.DELETE | inotify.MOVED_FROM
_CAME = inotify.CREATE | inotify.MOVED_TO
_NO_MORE = "This machine does not let more folders be watched (fs.inotify.max_user_watches)."


@dataclass(slots=True, eq=False)
class _Folder:
    name: bytes
    parent: "_Folder | None"
    depth: int
    watch: int = -1
    inside: dict[bytes, "_Folder"] = field(default_factory=dict[bytes, "_Folder"])

    def path(self) -> bytes:
        parts: list[bytes] = []
        folder = self
        while folder.parent is not None:
            parts.append(folder.name)
            folder = folder.parent
        return b"/".join(reversed(parts))


class Folders:
    """Used by one thread. Raises OSError when the kernel gives nothing to watch with."""

    def __init__(self, beneath: Beneath, stopped: Callable[[], bool], most: int = MOST_FOLDERS) -> None:
        self._beneath = beneath
        self._stopped = stopped
        self._most = most
        self._kernel = Inotify()
        self._watched: dict[int, _Folder] = {}
        self.limited: str | None = None
        """Why not all folders are watched."""
        self.lost = False
        """News were lost: only watching anew makes this true again."""

    @property
    def descriptor(self) -> int:
        return self._kernel.descriptor

    def close(self) -> None:
        self._kernel.close()

    def begin(self) -> None:
        with self._beneath.directory(b"") as root:
            self._enter(root, _Folder(b"", None, 0), None)

    def take(self, told: Burst) -> None:
        """What the kernel has to tell now."""
        for event in self._kernel.read():
            self._apply(event, told)

    def _apply(self, event: Event, told: Burst) -> None:
        if event.mask & inotify.OVERFLOW:
            self.lost = True
        folder = self._watched.get(event.watch)
        if folder is None:
            return
        if event.mask & inotify.IGNORED:
            self._leave(folder)
        elif folder.name == _GIT:
            if event.name in _TELLING:
                told.add(folder.path(), "modify")
        elif folder.name in _NOISY:
            told.add_folder(folder.path())
        elif not event.name.startswith(OWN):
            self._changed(folder, event, told)

    def _changed(self, folder: _Folder, event: Event, told: Burst) -> None:
        path = _join(folder.path(), event.name)
        if event.mask & _GONE:
            told.add(path, "delete")
            if event.name in folder.inside:
                self._leave(folder.inside[event.name])
        elif event.mask & _CAME:
            told.add(path, "create")
            if event.mask & inotify.IS_DIRECTORY:
                with self._beneath.directory(b"") as root:
                    self._enter(root, _Folder(event.name, folder, folder.depth + 1), told)
        elif not event.mask & inotify.IS_DIRECTORY:
            told.add(path, "modify")

    def _enter(self, root: int, top: _Folder, told: Burst | None) -> None:
        """Watch a folder and those below; what is in them already is told, for it came before the watch."""
        waiting = deque([top])
        while waiting and not self._stopped():
            folder = waiting.popleft()
            try:
                directory = openat2(root, folder.path(), _ENTER, links=False)
            except OSError:
                continue  # gone meanwhile, closed to us, or another file system
            try:
                if self._watch(directory, folder):
                    waiting.extend(self._below(directory, folder, told))
            except OSError as exc:
                if exc.errno == errno.ENOSPC:
                    self.limited = _NO_MORE
            finally:
                os.close(directory)

    def _watch(self, directory: int, folder: _Folder) -> bool:
        """Whether it was not watched yet."""
        if len(self._watched) >= self._most:
            self.limited = f"There are more than {self._most} folders; changes in the others are not seen at once."
            return False
        watch = self._kernel.watch(directory)
        known = self._watched.get(watch)
        if known is not None:
            if known.name == folder.name and known.parent is folder.parent:
                return False
            self._leave(known)  # it was moved here, and the news of that is still to come
            watch = self._kernel.watch(directory)
        folder.watch = watch
        self._watched[watch] = folder
        if folder.parent is not None:
            before = folder.parent.inside.get(folder.name)
            if before is not None:
                self._leave(before)
            folder.parent.inside[folder.name] = folder
        return True

    def _below(self, directory: int, folder: _Folder, told: Burst | None) -> list[_Folder]:
        path = folder.path()
        if folder.name == _GIT or folder.name in _NOISY or folder.depth >= DEEPEST_PATH:
            if told is not None:
                told.add_folder(path)
            return []
        found: list[_Folder] = []
        with os.scandir(directory) as listed:
            for item in listed:
                name = os.fsencode(item.name)
                if name.startswith(OWN):
                    continue
                if told is not None:
                    told.add(_join(path, name), "create")
                if _is_directory(item):
                    found.append(_Folder(name, folder, folder.depth + 1))
        return found

    def _leave(self, folder: _Folder) -> None:
        if folder.parent is not None and folder.parent.inside.get(folder.name) is folder:
            del folder.parent.inside[folder.name]
        leaving = [folder]
        while leaving:
            left = leaving.pop()
            leaving.extend(left.inside.values())
            if self._watched.pop(left.watch, None) is not None:
                self._kernel.drop(left.watch)


def _is_directory(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _join(path: bytes, name: bytes) -> bytes:
    return path + b"/" + name if path else name
