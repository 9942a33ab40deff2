"""Which processors a pod runs on: whole ones, for that is what a process without privileges can be held to."""

import contextlib
import math
import os
from collections.abc import Generator
from uuid import UUID


def share(project_id: UUID, cpus: float | None) -> frozenset[int] | None:
    """As many processors as the limit rounds up to, beginning elsewhere for each project; None: all there are."""
    if cpus is None:
        return None
    there = sorted(os.sched_getaffinity(0))
    count = max(1, math.ceil(cpus))
    if count >= len(there):
        return None
    first = project_id.int % len(there)
    return frozenset((there[first:] + there[:first])[:count])


@contextlib.contextmanager
def bound(cpus: frozenset[int] | None) -> Generator[None]:
    """What is started inside inherits the processors, from its first instruction on and with all its threads."""
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
