"""Ending what a pod leaves behind: an agent's commands lead sessions of their own and outlive their parent."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterable
from uuid import UUID

from opm.server.runtime.local import procfs
from opm.server.runtime.local.procfs import Identity

ROUNDS = 5
"""A process may fork while it is being ended; after this many looks the rest is reported instead."""


async def sweep(
    project_id: UUID, *, spare: Collection[Identity] = (), also: Iterable[Identity] = (), grace: float
) -> int:
    """End every process of the pod except `spare` and what hangs below those; returns how many stayed.

    `also` are processes known by identity, which may have thrown the marker away.
    """
    known = set(also)
    for attempt in range(ROUNDS):
        found = await asyncio.to_thread(_remaining, project_id, set(spare), known)
        if not found:
            return 0
        await end(found, grace=grace if attempt == 0 else 0)
    return len(await asyncio.to_thread(_remaining, project_id, set(spare), known))


async def end(identities: Collection[Identity], *, grace: float) -> None:
    """SIGTERM, and SIGKILL for those that are still there after `grace` seconds."""
    if grace > 0:
        for identity in identities:
            send(identity, signal.SIGTERM)
        await _gone(identities, grace)
    left = [identity for identity in identities if procfs.is_alive(identity)]
    for identity in left:
        send(identity, signal.SIGKILL)
    await _gone(left, 2.0)


def send(identity: Identity, number: signal.Signals) -> None:
    """Signal this very process, and never one that merely got its number since."""
    try:
        pidfd = os.pidfd_open(identity.pid)
    except OSError:
        return
    try:
        if procfs.is_alive(identity):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(pidfd, number)
    finally:
        os.close(pidfd)


def _remaining(project_id: UUID, spare: set[Identity], known: set[Identity]) -> list[Identity]:
    spared = procfs.family(spare)
    found = {*procfs.of_pod(project_id), *(identity for identity in known if procfs.is_alive(identity))}
    return [identity for identity in found if identity not in spared]


async def _gone(identities: Iterable[Identity], limit: float) -> None:
    deadline = time.monotonic() + limit
    waiting = list(identities)
    while waiting and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        waiting = [identity for identity in waiting if procfs.is_alive(identity)]
