"""What the kernel refuses, in words. Nothing a path can cause is the sidecar's own failure (500)."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

from opm.sidecar.errors import Refused

_OUTSIDE = (403, "The path leads out of the workspace, or may not be touched.")
_FULL = (507, "The workspace is full; delete something and try again.")
_BUSY = (409, "The path is in use or changes too fast; try again.")
_FORM = (400, "The path is not one this file system can hold.")
_SPECIAL = (409, "The path is not a regular file.")

_MEANING = {
    errno.ENOENT: (404, "There is nothing at this path."),
    errno.ENOTDIR: (409, "A part of the path is not a directory."),
    errno.EISDIR: (409, "The path is a directory."),
    errno.EEXIST: (409, "There is something at this path already."),
    errno.ENOTEMPTY: (409, "The directory is not empty."),
    errno.EXDEV: _OUTSIDE,
    errno.ELOOP: _OUTSIDE,
    errno.EPERM: _OUTSIDE,
    errno.EACCES: _OUTSIDE,
    errno.EROFS: (403, "The workspace is read-only."),
    errno.ENAMETOOLONG: _FORM,
    errno.EINVAL: _FORM,
    errno.EILSEQ: _FORM,
    errno.EAGAIN: _BUSY,
    errno.EBUSY: _BUSY,
    errno.ETXTBSY: _BUSY,
    errno.ESTALE: _BUSY,
    errno.ENXIO: _SPECIAL,
    errno.ENODEV: _SPECIAL,
    errno.EMLINK: (409, "The directory holds too many directories."),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: (413, "The file would become too large."),
    errno.EMFILE: (503, "Too many files are open; try again shortly."),
    errno.ENFILE: (503, "Too many files are open; try again shortly."),
}


@contextmanager
def told() -> Generator[None]:
    try:
        yield
    except OSError as exc:
        name = errno.errorcode.get(exc.errno or 0, "unknown")
        status, message = _MEANING.get(exc.errno or 0, (503, "The workspace's disk failed."))
        raise Refused(status, message, reason=name.lower()) from exc
