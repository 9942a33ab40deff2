"""The parts of a zip archive that is written where nobody can go back, and names that are safe where it is opened."""

import re
import stat
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from os import stat_result

from opm.sidecar.files.names import to_text

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\:]")
_OLDEST = 1980  # no earlier year fits into the format
_NEWEST = 2107


class Sink:
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


def info_of(inside: bytes, found: stat_result) -> zipfile.ZipInfo:
    """Programs on other systems take a backslash for a separator, and ``C:`` for a drive; terminals obey controls."""
    name = _UNSAFE.sub("_", to_text(inside))
    when = _when(found)
    info = zipfile.ZipInfo(name, when)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IFMT(found.st_mode)) << 16
    info.file_size = found.st_size
    return info


def _when(found: stat_result) -> tuple[int, int, int, int, int, int]:
    try:
        moment = datetime.fromtimestamp(found.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.fromtimestamp(time.time(), UTC)
    year = min(max(moment.year, _OLDEST), _NEWEST)
    return (year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
