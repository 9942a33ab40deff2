"""The output of a pod's parts: kept within bounds, and read back without the secrets that may have got into it."""

import shutil
from pathlib import Path

from opm.server.runtime.redaction import LINE_LIMIT, Redactor

TAIL_BYTES = 512 * 1024


def tail(log: Path, lines: int, redact: Redactor, *, reach_back: bool = True) -> list[str]:
    """The newest lines, oldest first; `reach_back` also looks into the file of the start before."""
    if lines <= 0:
        return []
    found = _last_lines(log)
    if reach_back and len(found) < lines:
        found = [*_last_lines(older(log)), *found]
    # Cut only after the secrets are out: half a secret would not be recognised.
    return [redact(line)[:LINE_LIMIT] for line in found[-lines:]]


def _last_lines(log: Path) -> list[str]:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            data = file.read(TAIL_BYTES)
    except OSError:
        return []
    if size > TAIL_BYTES:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace").splitlines()


def older(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def rotate(log: Path) -> None:
    """Before a start: what is written from now on belongs to the new process."""
    if log.exists() and log.stat().st_size:
        log.replace(older(log))


def cut(log: Path, limit: int) -> None:
    """While a process writes: it holds the file open, so the file is emptied in place rather than replaced."""
    try:
        if log.stat().st_size > limit:
            shutil.copyfile(log, older(log))
            with log.open("r+b") as file:
                file.truncate(0)
    except FileNotFoundError:
        return


def scrub(log: Path, redact: Redactor) -> None:
    """After the last process ended: the next reader may not know the secrets, so they must not stay on the disk."""
    for file in (log, older(log)):
        if file.exists():
            text = file.read_text(errors="replace")
            clean = redact(text)
            if clean != text:
                file.write_text(clean)
