"""How a project's agent works, and the audit log."""

from fastapi import APIRouter

from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.core.paging import Page
from opm.server.features.audit.schemas import AuditEntry
from opm.server.features.configs.schemas import Config, NewConfig, ProviderKind

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


@router.post("/projects/{project}/config/versions/{version}/activate")
async def activate_config(actor: ActorDep, scope: ScopeDep, project: str, version: int) -> Config:
    return await scope.configs.activate(actor, project, version)


@router.get("/projects/{project}/audit")
async def list_audit(actor: ActorDep, scope: ScopeDep, page: PageDep, project: str) -> Page[AuditEntry]:
    return await scope.audit.page(actor, project, page)
