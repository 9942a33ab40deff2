"""The way from a request to a pod: may this person, is it there; no transaction is held while it is asked."""

from typing import Annotated, Any

from fastapi import Depends

from opm.server.api.deps import ActorDep, ClaimsDep, PortsDep
from opm.server.clients.base import FileClient, PodAddress, TerminalClient
from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound, Unavailable
from opm.server.core.tokens import Scope as AccessScope
from opm.server.features.projects.schemas import DesiredState
from opm.server.features.workspaces.service import starting
from opm.server.runtime.base import Observation
from opm.server.wiring import Ports


async def wanted_pod(actor: Actor, ports: Ports, project: str) -> PodAddress:
    """The project's pod; one that does not run is wished to, and the caller told to come back."""
    async with ports.scope(write=False) as scope:
        found, in_use = await scope.workspaces.find(actor, project)
        key = scope.workspaces.pass_key(found.id)
    if not in_use:
        async with ports.scope() as scope:
            await scope.workspaces.start(actor, project)
    return address(await ports.runtime.observe(found.id), key)


async def running_pod(actor: Actor, ports: Ports, project: str) -> PodAddress | None:
    """The same for those who must not start it: None while it is wished to be stopped."""
    async with ports.scope(write=False) as scope:
        found, _ = await scope.workspaces.find(actor, project)
        key = scope.workspaces.pass_key(found.id)
    if found.desired_state != DesiredState.RUNNING:
        return None
    return address(await ports.runtime.observe(found.id), key)


async def get_files(actor: ActorDep, claims: ClaimsDep, ports: PortsDep, project: str) -> FileClient:
    if claims.scope is not AccessScope.READ:
        return ports.clients.files(await wanted_pod(actor, ports, project))
    pod = await running_pod(actor, ports, project)
    if pod is None:
        raise Conflict("The workspace is stopped, and this access token may not start it.", reason="pod_stopped")
    return ports.clients.files(pod)


async def get_terminals(actor: ActorDep, ports: PortsDep, project: str) -> TerminalClient:
    return ports.clients.terminals(await wanted_pod(actor, ports, project))


async def get_open_terminals(actor: ActorDep, ports: PortsDep, project: str) -> TerminalClient | None:
    """None: the workspace is stopped, and who looks for its terminals does not start it."""
    pod = await running_pod(actor, ports, project)
    return ports.clients.terminals(pod) if pod else None


FilesDep = Annotated[FileClient, Depends(get_files)]
TerminalsDep = Annotated[TerminalClient, Depends(get_terminals)]
OpenTerminalsDep = Annotated[TerminalClient | None, Depends(get_open_terminals)]


def address(seen: Observation, pass_key: bytes) -> PodAddress:
    if seen.endpoint is None:
        raise starting(seen)
    return PodAddress(seen.project_id, seen.endpoint.files_url, seen.endpoint.session_url, pass_key)


async def live_diff(ports: Ports, run: Any) -> list[dict[str, Any]] | None:
    """What a run at work has changed so far; None while its pod cannot say."""
    if run.remote_session_id is None:
        return []
    async with ports.scope(write=False) as scope:
        key = scope.workspaces.pass_key(run.project_id)
    try:
        agent = ports.clients.agent(address(await ports.runtime.observe(run.project_id), key))
        return await agent.diff(run.remote_session_id, run.message_id)
    except (Unavailable, NotFound):
        return None
