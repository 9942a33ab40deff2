"""Asks OpenCode to close its runs before the pod ends: by itself it would exit at once and leave its tools behind."""

import asyncio
from collections.abc import Mapping

from opm.sidecar.errors import Refused
from opm.sidecar.session.upstream import OpenCode
from opm.sidecar.settings import PodSettings

SECONDS = 3.0


def dispose(environ: Mapping[str, str]) -> bool:
    """Whether OpenCode was there and did it."""
    return asyncio.run(_dispose(PodSettings.read("session", environ)))


async def _dispose(settings: PodSettings) -> bool:
    try:
        async with (
            asyncio.timeout(SECONDS),
            OpenCode(settings.opencode_url, settings.opencode_password, str(settings.workspace)) as opencode,
        ):
            await opencode.call("POST", "/global/dispose")
    except (Refused, TimeoutError):
        return False
    return True
