"""At the start: pods that outlived a controller are taken over when they are whole, and ended when they are not."""

import asyncio
import contextlib
from pathlib import Path
from uuid import UUID

from opm.server.runtime.base import Part
from opm.server.runtime.local import procfs, reaper, store
from opm.server.runtime.local.pod import Pod
from opm.server.runtime.local.process import Proc
from opm.server.runtime.local.store import PodRecord

WHOLE = {Part.OPENCODE, Part.FILES, Part.SESSION}


def known_projects(root: Path) -> list[UUID]:
    found: list[UUID] = []
    for folder in sorted(root.iterdir()):
        with contextlib.suppress(ValueError):
            found.append(UUID(folder.name))
    return found


async def adopt_or_end(pod: Pod, *, limit: float) -> bool:
    """Whether the pod was adopted."""
    record = await asyncio.to_thread(store.read_record, pod.layout)
    secrets = await asyncio.to_thread(store.read_secrets, pod.layout)
    if record is not None and secrets is not None:
        procs = _take(pod, record)
        if procs is not None:
            pod.adopt(record, secrets, procs)
            return True
    await reaper.sweep(pod.project_id, grace=min(5.0, limit))
    await asyncio.to_thread(store.forget_record, pod.layout)
    return False


def _take(pod: Pod, record: PodRecord) -> dict[Part, Proc] | None:
    """All parts or none; each must be the very process that was recorded, and carry this pod's marker."""
    if not set(record.parts) >= WHOLE or record.project_id != str(pod.project_id):
        return None
    taken: dict[Part, Proc] = {}
    for part, known in record.parts.items():
        proc = Proc.adopt(known.identity, pod.ring)
        if proc is not None:
            taken[part] = proc
        if proc is None or not procfs.is_ours(proc.pid, pod.project_id):
            for other in taken.values():
                other.release()
            return None
    return taken
