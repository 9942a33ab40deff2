"""The way from a request to a pod: may this person, is it there; no transaction is held while it is asked."""

from typing import Annotated, Any

from fastapi import Depends

from opm.server.api.deps import ActorDep, PortsDep
from opm.server.clients.base import FileClient, PodAddress
from opm.server.core.errors import NotFound, Unavailable
from opm.server.features.workspaces.service import starting
from opm.server.runtime.base import Observation
from opm.server.wiring import Ports


async def get_files(actor: ActorDep, ports: PortsDep, project: str) -> FileClient:
    """The project's workspace; a pod that does not run is wished to, and the caller told to come back."""
    async with ports.scope(write=False) as scope:
        found, in_use = await scope.workspaces.find(actor, project)
        key = scope.workspaces.pass_key(found.id)
    if not in_use:
        async with ports.scope() as scope:
            await scope.workspaces.start(actor, project)
    seen = await ports.runtime.observe(found.id)
    return ports.clients.files(address(seen, key))


FilesDep = Annotated[FileClient, Depends(get_files)]


def address(seen: Observation, pass_key: bytes) -> PodAddress:
    if seen.endpoint is None:
        raise starting(seen)
    return PodAddress(seen.project_id, seen.endpoint.files_url, seen.endpoint.session_url, pass_key)


async def live_diff(ports: Ports, run: Any) -> list[dict[str, Any]]:
    """What a run at work has changed so far; nothing while its pod cannot say."""
    if run.remote_session_id is None:
        return []
    async with ports.scope(write=False) as scope:
        key = scope.workspaces.pass_key(run.project_id)
    try:
        agent = ports.clients.agent(address(await ports.runtime.observe(run.project_id), key))
        return await agent.diff(run.remote_session_id, run.message_id)
    except (Unavailable, NotFound):
        return []
