"""Reading /proc: who a process is, whose it is, and what it holds.

A process number alone is never trusted. A process is its number together with its start time and the boot it was
started in; a number that was recycled has another start time.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

PROC = Path("/proc")
MARKER = "OPM_POD"
"""Environment variable that every process of a pod carries, and that its children inherit."""

TCP_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Identity:
    pid: int
    started: int
    """Clock ticks between the boot and the start."""
    boot: str


@dataclass(frozen=True, slots=True)
class Stat:
    identity: Identity
    parent: int
    zombie: bool


@cache
def boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def stat(pid: int) -> Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    fields = text.rpartition(")")[2].split()
    return Stat(Identity(pid, int(fields[19]), boot_id()), parent=int(fields[1]), zombie=fields[0] in "ZX")


def identify(pid: int) -> Identity | None:
    found = stat(pid)
    return None if found is None else found.identity


def is_alive(identity: Identity) -> bool:
    found = stat(identity.pid)
    return found is not None and found.identity == identity and not found.zombie


def is_ours(pid: int, project_id: UUID) -> bool:
    """Whether the process runs as this user and was started for this pod."""
    try:
        if (PROC / str(pid)).stat().st_uid != os.geteuid():
            return False
        environ = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return f"{MARKER}={project_id}".encode() in environ.split(b"\0")


def variable(pid: int, name: str) -> str | None:
    try:
        environ = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    prefix = f"{name}=".encode()
    return next((v[len(prefix) :].decode(errors="replace") for v in environ.split(b"\0") if v.startswith(prefix)), None)


def processes() -> list[Stat]:
    pids = (int(name) for name in os.listdir(PROC) if name.isdigit())  # noqa: PTH208  Path objects cost 5 times as much
    return [found for found in map(stat, pids) if found is not None and not found.zombie]


def of_pod(project_id: UUID) -> list[Identity]:
    own = os.getpid()
    return [p.identity for p in processes() if p.identity.pid != own and is_ours(p.identity.pid, project_id)]


def family(roots: Collection[Identity]) -> set[Identity]:
    """Those of the given processes that live, and all that hangs below them."""
    children: dict[int, list[Identity]] = {}
    open_ends: list[Identity] = []
    for process in processes():
        children.setdefault(process.parent, []).append(process.identity)
        if process.identity in roots:
            open_ends.append(process.identity)
    found = set[Identity]()
    while open_ends:
        member = open_ends.pop()
        if member not in found:
            found.add(member)
            open_ends.extend(children.get(member.pid, []))
    return found


def memory_bytes(pid: int) -> int | None:
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def own_memory(pid: int) -> int:
    """Bytes that are this process's alone, so that what ten processes map of one library is not counted ten times."""
    try:
        fields = (PROC / str(pid) / "statm").read_text().split()
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a command"


def holds_port(identity: Identity, port: int) -> bool:
    """Whether it is this process, or a child of it, that listens on a loopback port; another's gets no password."""
    sockets = _listeners(port)
    return bool(sockets) and any(sockets & _sockets(member.pid) for member in family({identity}))


def _listeners(port: int) -> set[str]:
    found = set[str]()
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "self/net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == TCP_LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _sockets(pid: int) -> set[str]:
    folder, found = PROC / str(pid) / "fd", set[str]()
    try:
        names = list(folder.iterdir())
    except OSError:
        return found
    for name in names:
        try:
            found.add(str(name.readlink()))
        except OSError:
            continue
    return found
