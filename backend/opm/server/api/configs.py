"""How a project's agent works."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from opm.server.api.deps import ActorDep, PageDep, PortsDep, ScopeDep
from opm.server.api.pods import address
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound, Unavailable
from opm.server.core.paging import Page
from opm.server.features.configs.offers import offers
from opm.server.features.configs.providers import DEMO
from opm.server.features.configs.schemas import (
    Comparison,
    Config,
    ConfigState,
    ModelList,
    NewConfig,
    ProviderKind,
    TestResult,
)
from opm.server.runtime.base import Part
from opm.server.wiring import Ports

router = new_router(tag="config", policy=Policy.OWNER)

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.get("/providers", openapi_extra=declared(Policy.SIGNED_IN))
async def list_providers(actor: ActorDep, scope: ScopeDep) -> list[ProviderKind]:
    """Which providers can be chosen, and what each needs."""
    return scope.configs.kinds()


@router.get("/projects/{project}/config")
async def get_config(actor: ActorDep, scope: ScopeDep, project: str) -> Config:
    """The version that the next run works under."""
    return await scope.configs.active(actor, project)


@router.put("/projects/{project}/config")
async def save_config(actor: ActorDep, ports: PortsDep, project: str, body: NewConfig) -> Config:
    """Saves a new version, active from the next run on; a run at work keeps its own.

    A base URL is looked up first: it must be a public address, unless the operator allows others.
    """
    if body.base_url:
        await _project_id(actor, ports, project)
        await ports.providers.check(body.base_url)
    async with ports.scope() as scope:
        return await scope.configs.save(actor, project, body)


@router.get("/projects/{project}/config/models")
async def list_models(actor: ActorDep, ports: PortsDep, project: str) -> ModelList:
    """What the pod's OpenCode knows while it runs, of every provider that can be chosen; else suggestions."""
    async with ports.scope(write=False) as scope:
        found = await scope.projects.require(actor, project)
        kinds, key = scope.configs.kinds(), scope.workspaces.pass_key(found.id)
    try:
        agent = ports.clients.agent(address(await ports.runtime.observe(found.id), key))
        said = await agent.models()
    except (Unavailable, NotFound):
        said = None
    return offers(kinds, said)


@router.post("/projects/{project}/config/test")
async def test_config(actor: ActorDep, ports: PortsDep, project: str, body: NewConfig) -> TestResult:
    """Makes one small real call to the provider and gives its own answer or error; nothing of it is kept."""
    if body.provider == DEMO:
        return await _try_demo(ports, await _project_id(actor, ports, project))
    async with ports.scope() as scope:
        trial = await scope.configs.trial(actor, project, body)
    heard = await ports.providers.attempt(trial)
    return TestResult(ok=heard.ok, status=heard.status, message=heard.message, latency_ms=heard.latency_ms)


async def _try_demo(ports: Ports, project_id: UUID) -> TestResult:
    """The demo model has no address but inside the pod."""
    seen = await ports.runtime.observe(project_id)
    part = next((part for part in seen.parts if part.part == Part.MODEL), None)
    if part is not None and part.ready:
        return TestResult(ok=True, status=None, message="The demo model is ready in the workspace.", latency_ms=0)
    why = (part.reason if part else None) or "it starts together with the workspace, before the next run."
    return TestResult(ok=False, status=None, message=f"The demo model does not run now: {why}", latency_ms=0)


async def _project_id(actor: Actor, ports: Ports, project: str) -> UUID:
    async with ports.scope(write=False) as scope:
        return (await scope.projects.require(actor, project)).id


@router.get("/projects/{project}/config/versions")
async def list_config_versions(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[Config]:
    """Newest first; a version never changes."""
    return await scope.configs.versions(actor, project, page)


@router.get("/projects/{project}/config/versions/{version}")
async def get_config_version(actor: ActorDep, scope: ScopeDep, project: str, version: Version) -> Config:
    """One version, active or not."""
    return await scope.configs.version(actor, project, version)


@router.get("/projects/{project}/config/compare")
async def compare_configs(
    actor: ActorDep,
    scope: ScopeDep,
    project: str,
    before: Annotated[Version, Query(alias="from")],
    after: Annotated[Version, Query(alias="to")],
) -> Comparison:
    """Field by field; of a key only whether it is set, and its last four characters."""
    return await scope.configs.compare(actor, project, before, after)


@router.get("/projects/{project}/config/state")
async def get_config_state(actor: ActorDep, ports: PortsDep, project: str) -> ConfigState:
    """Which version is active, and which one the pod runs; no transaction is held while it is asked."""
    project_id = await _project_id(actor, ports, project)
    seen = await ports.runtime.observe(project_id)
    async with ports.scope(write=False) as scope:
        found = await scope.projects.require(actor, project)
        active = await scope.configs.active_version(found)
        runs = await scope.workspaces.version_of(found, seen.digest)
    return ConfigState(active_version=active, pod_version=runs, pending=seen.digest is not None and runs != active)


@router.post("/projects/{project}/config/versions/{version}/activate")
async def activate_config(actor: ActorDep, scope: ScopeDep, project: str, version: Version) -> Config:
    """From the next run on; a run at work keeps its own."""
    return await scope.configs.activate(actor, project, version)
