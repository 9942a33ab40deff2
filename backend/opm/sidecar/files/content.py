"""Reading one file: headers that let an editor detect changes, parts of it by Range, and never as a web page."""

import codecs
import os
import re
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote

from opm.sidecar.errors import Refused
from opm.sidecar.files.encoding import SAMPLE, encoding

PIECE = 256 << 10
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    status: int
    start: int
    length: int


def etag(found: os.stat_result) -> str:
    """Strong: every write here makes a new inode, and the agent's own writes move the time."""
    return f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"'


def is_binary(descriptor: int, size: int) -> bool:
    sample = os.pread(descriptor, SAMPLE, 0)
    if b"\x00" in sample:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=size <= len(sample))
    except UnicodeDecodeError:
        return True
    return False


def headers(descriptor: int, found: os.stat_result, name: str) -> dict[str, str]:
    sample = os.pread(descriptor, SAMPLE, 0)
    binary = is_binary(descriptor, found.st_size)
    return {
        "ETag": etag(found),
        "Last-Modified": formatdate(max(0, min(found.st_mtime, 253402300799)), usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Type": "application/octet-stream" if binary else "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "X-File-Encoding": encoding(sample, whole=found.st_size <= len(sample)),
        "X-Opm-Binary": "true" if binary else "false",
    }


def unchanged(if_none_match: str | None, current: str) -> bool:
    if if_none_match is None:
        return False
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return current in known or "*" in known


def part(asked: str | None, if_range: str | None, current: str, size: int) -> Part:
    """One range is served; several, or one that is malformed, or of an older version, mean the whole file."""
    match = _RANGE.fullmatch(asked.replace(" ", "")) if asked else None
    if match is None or (if_range is not None and if_range != current):
        return Part(200, 0, size)
    first, last = match.groups()
    if not first and not last:
        return Part(200, 0, size)
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return Part(200, 0, size)
    if start >= size:
        raise Refused(416, f"The file has only {size} bytes.", size=size)
    return Part(206, start, end - start)
