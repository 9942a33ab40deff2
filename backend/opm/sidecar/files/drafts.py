"""Files on their way in, all in one folder of the workspace, so that what a killed sidecar left there is soon found."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress

from opm.sidecar.files.beneath import Beneath, openat2
from opm.sidecar.files.names import OWN

FOLDER = OWN + b"drafts"
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def folder(beneath: Beneath) -> Generator[int]:
    """Never by a link, which an agent may have put there."""
    with beneath.directory(b"") as root:
        with suppress(FileExistsError):
            os.mkdir(FOLDER, dir_fd=root)
        descriptor = openat2(root, FOLDER, _ENTER, links=False)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sweep(beneath: Beneath) -> None:
    """Before anything is written."""
    with beneath.directory(b"") as root:
        try:
            descriptor = openat2(root, FOLDER, _ENTER, links=False)
        except OSError:
            return
        try:
            for name in os.listdir(descriptor):  # noqa: PTH208  a descriptor has no path
                with suppress(OSError):
                    os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)
