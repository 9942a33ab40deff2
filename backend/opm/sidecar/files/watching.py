"""The thread that watches a workspace while somebody wants to know what changes in it."""

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import closing

from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.burst import Burst
from opm.sidecar.files.folders import MOST_FOLDERS, Folders

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
LOOK_AGAIN_SECONDS = 15.0
"""Where not all can be watched, the whole workspace is said to have changed this often."""

_NONE_LEFT = "This machine does not let another workspace be watched (fs.inotify.max_user_instances)."


class Watching:
    """``tell`` is called from the thread: with a burst, a reason why not all can be watched, or None for: from now on
    every change is told."""

    def __init__(
        self,
        beneath: Beneath,
        tell: Callable[[Burst | str | None], None],
        *,
        most: int = MOST_FOLDERS,
        look_again: float = LOOK_AGAIN_SECONDS,
    ) -> None:
        self._beneath = beneath
        self._tell = tell
        self._most = most
        self._look_again = look_again
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopping = False
        self._limited: str | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        os.eventfd_write(self._wake, 1)

    def join(self) -> None:
        """Until the thread has ended; `stop` it before."""
        self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        try:
            first = True
            while not self._stopping:
                self._once(again=not first)
                first = False
        except Exception:
            log.exception("the workspace is not watched any more")
            self._limit("The workspace is not watched any more; the sidecar's log says why.")

    def _once(self, *, again: bool) -> None:
        """Until news are lost. What was missed is said to be anything."""
        try:
            folders = Folders(self._beneath, lambda: self._stopping, self._most)
        except OSError as exc:
            log.warning("no inotify: %s", exc)
            self._limit(_NONE_LEFT)
            self._wait(None, self._look_again)
            self._tell(_anything())
            return
        with closing(folders):
            folders.begin()
            self._limit(folders.limited)
            self._tell(_anything() if again else None)
            self._follow(folders)

    def _follow(self, folders: Folders) -> None:
        burst = Burst()
        due = 0.0
        look_again = time.monotonic() + self._look_again
        while not (self._stopping or folders.lost):
            now = time.monotonic()
            if burst and now >= due:
                self._tell(burst)
                burst = Burst()
            if now >= look_again:
                look_again = now + self._look_again
                if self._limited:
                    burst.add_folder(b"")
            if self._wait(folders, due - now if burst else look_again - now):
                had_some = bool(burst)
                folders.take(burst)
                if burst and not had_some:
                    due = time.monotonic() + GATHER_SECONDS
                self._limit(folders.limited)

    def _wait(self, folders: Folders | None, seconds: float) -> bool:
        """Whether the kernel has something to tell."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if folders is not None:
            poll.register(folders.descriptor, select.POLLIN)
        found = poll.poll(max(0.0, seconds) * 1000)
        return any(descriptor != self._wake for descriptor, _ in found)

    def _limit(self, reason: str | None) -> None:
        if reason != self._limited:
            self._limited = reason
            if reason:
                log.warning(reason)
                self._tell(reason)


def _anything() -> Burst:
    burst = Burst()
    burst.add_folder(b"")
    return burst
