"""Notices terminals that ended without being closed by anybody: their shell exited, they idled, their pod went away."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from opm.server.background.leadership import Lead
from opm.server.clients.base import PodAddress
from opm.server.core.errors import Fault, Refusal
from opm.server.wiring import Ports

_INTERVAL = 15.0


async def notice_ends(ports: Ports, lead: Lead | None = None, interval: float = _INTERVAL) -> None:
    while True:
        await look(ports, lead or Lead(ports))
        await asyncio.sleep(interval)


async def look(ports: Ports, lead: Lead) -> None:
    async with ports.scope(write=False) as scope:
        opened = await scope.workspaces.open_terminals()
    for project_id, terminals in opened.items():
        try:
            living, reason = await _living(ports, project_id)
        except (Fault, Refusal):
            continue  # it cannot say now, and will be asked again
        ended = terminals - set(living)
        if ended:
            async with lead.scope() as scope:
                await scope.workspaces.terminals_ended(project_id, ended, reason)


async def _living(ports: Ports, project_id: UUID) -> tuple[Collection[str], str]:
    """The terminals that are open, and why those that are not have ended."""
    seen = await ports.runtime.observe(project_id)
    if seen.endpoint is None:
        return (), "pod ended"
    async with ports.scope(write=False) as scope:
        key = scope.workspaces.pass_key(project_id)
    address = PodAddress(project_id, seen.endpoint.files_url, seen.endpoint.session_url, key)
    return [one.id for one in await ports.clients.terminals(address).everyone()], "shell ended"
