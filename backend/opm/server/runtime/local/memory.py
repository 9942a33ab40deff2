"""A pod's memory against its limit, where the kernel is not ours to ask: looked at each second, and ended like there.

Address space cannot be limited instead: OpenCode's engine reserves many gigabytes that it never touches.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from opm.server.runtime.local import procfs
from opm.server.runtime.local.procfs import Identity

INTERVAL = 1.0
_MARKERS_EVERY = 10
"""Looks between two that also find what left the family before it was ever seen; those cost more."""
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Excess:
    """One process that has to go."""

    victim: Identity
    name: str
    used: int
    limit: int

    @property
    def words(self) -> str:
        return f"out of memory: its pod used {self.used // _MB} MB of the {self.limit // _MB} MB it may use"


class MemoryWatch:
    def __init__(self, project_id: UUID) -> None:
        self._project_id = project_id
        self._members = set[Identity]()
        self._looks = 0

    def look(self, roots: Collection[Identity], limit: int) -> Excess | None:
        """Reads all of /proc: not for the event loop. `roots` are the pod's parts."""
        if self._looks % _MARKERS_EVERY == 0:
            self._members.update(procfs.of_pod(self._project_id))
        self._looks += 1
        # What was seen once is known for ever, also after its parent is gone.
        self._members = procfs.family({*roots, *self._members})
        used = {member: procfs.own_memory(member.pid) for member in self._members}
        total = sum(used.values())
        if total <= limit:
            return None
        victim = choose(used, roots, total - limit)
        return Excess(victim, procfs.name(victim.pid), total, limit)


def choose(used: Mapping[Identity, int], roots: Collection[Identity], excess: int) -> Identity:
    """The largest command while ending commands can be enough, else the largest part."""
    commands = {member: size for member, size in used.items() if member not in roots}
    candidates = commands if sum(commands.values()) >= excess else used
    return max(candidates, key=lambda member: candidates[member])
