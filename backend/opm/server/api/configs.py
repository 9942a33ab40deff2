"""How a project's agent works, and the audit log."""

from typing import Annotated

from fastapi import APIRouter, Query

from opm.server.api.deps import ActorDep, PageDep, PortsDep, ScopeDep
from opm.server.core.paging import Page
from opm.server.features.audit.schemas import AuditEntry
from opm.server.features.configs.schemas import Comparison, Config, ConfigState, NewConfig, ProviderKind

router = APIRouter(tags=["config"])


@router.get("/providers")
async def list_providers(actor: ActorDep, scope: ScopeDep) -> list[ProviderKind]:
    return scope.configs.kinds()


@router.get("/projects/{project}/config")
async def get_config(actor: ActorDep, scope: ScopeDep, project: str) -> Config:
    return await scope.configs.active(actor, project)


@router.put("/projects/{project}/config")
async def save_config(actor: ActorDep, scope: ScopeDep, project: str, body: NewConfig) -> Config:
    """Saves a new version, active from the next run on; a run at work keeps its own."""
    return await scope.configs.save(actor, project, body)


@router.get("/projects/{project}/config/versions")
async def list_config_versions(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[Config]:
    return await scope.configs.versions(actor, project, page)


@router.get("/projects/{project}/config/versions/{version}")
async def get_config_version(actor: ActorDep, scope: ScopeDep, project: str, version: int) -> Config:
    return await scope.configs.version(actor, project, version)


@router.get("/projects/{project}/config/compare")
async def compare_configs(
    actor: ActorDep,
    scope: ScopeDep,
    project: str,
    before: Annotated[int, Query(alias="from")],
    after: Annotated[int, Query(alias="to")],
) -> Comparison:
    """Field by field; of a key only whether it is set, and its last four characters."""
    return await scope.configs.compare(actor, project, before, after)


@router.get("/projects/{project}/config/state")
async def get_config_state(actor: ActorDep, ports: PortsDep, project: str) -> ConfigState:
    """Which version is active, and which one the pod runs; no transaction is held while it is asked."""
    async with ports.scope(write=False) as scope:
        project_id = (await scope.projects.require(actor, project)).id
    seen = await ports.runtime.observe(project_id)
    async with ports.scope(write=False) as scope:
        found = await scope.projects.require(actor, project)
        active = await scope.configs.active_version(found)
        runs = await scope.workspaces.version_of(found, seen.digest)
    return ConfigState(active_version=active, pod_version=runs, pending=seen.digest is not None and runs != active)


@router.post("/projects/{project}/config/versions/{version}/activate")
async def activate_config(actor: ActorDep, scope: ScopeDep, project: str, version: int) -> Config:
    return await scope.configs.activate(actor, project, version)


@router.get("/projects/{project}/audit")
async def list_audit(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[AuditEntry]:
    return await scope.audit.page(actor, project, page)
