"""How a project's agent works: versions that never change, one active, keys that go in and never come out."""

from typing import Any
from uuid import UUID

from opm.server.clients.providers import Trial
from opm.server.core.actor import Actor
from opm.server.core.crypto import Cipher, place_of
from opm.server.core.errors import Conflict, Internal, Invalid, NotFound, Stale
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.core.settings import Settings
from opm.server.db.models import OpencodeConfig, Project
from opm.server.db.uow import UnitOfWork
from opm.server.features.configs import providers
from opm.server.features.configs.compare import compare
from opm.server.features.configs.repository import ConfigRepository
from opm.server.features.configs.schemas import Agent, Comparison, Config, NewConfig, ProviderKind
from opm.server.features.projects.service import ProjectService


class ConfigService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService, cipher: Cipher, settings: Settings) -> None:
        self._uow = uow
        self._projects = projects
        self._cipher = cipher
        self._settings = settings
        self._configs = ConfigRepository(uow.session)

    def kinds(self) -> list[ProviderKind]:
        hidden = {providers.DEMO} if self._settings.demo.enabled == "never" else set[str]()
        return [kind for kind in providers.PROVIDERS.values() if kind.id not in hidden]

    async def start_with_demo(self, project: Project, by: UUID | None) -> None:
        """A new project can be tried at once, unless the operator switched the demo model off."""
        if self._settings.demo.enabled == "never":
            return
        new = NewConfig(provider=providers.DEMO, model=providers.DEMO_MODEL)
        self._configs.add(self._row(project, new, version=1, by=by))
        await self._uow.flush()

    async def active(self, actor: Actor, ref: str) -> Config:
        return _shown(await self.require_active(await self._projects.require(actor, ref)))

    async def require_active(self, project: Project) -> OpencodeConfig:
        config = await self._configs.active(project.id)
        if config is None:
            raise Conflict("This project has no model yet; choose a provider in its settings.", reason="no_config")
        return config

    async def save(self, actor: Actor, ref: str, new: NewConfig) -> Config:
        """A new version, active from the next run on."""
        project = await self._projects.require(actor, ref, lock=True)
        before = await self._configs.active(project.id)
        _require_base(before, new)
        row = self._row(project, new, version=await self._configs.newest(project.id) + 1, by=actor.user_id)
        self._keep_or_set_key(row, before, new)
        if not _removes_key(before, new):
            require_key(row)
        _check(new)
        self._require_size(row)
        await self._activate(row)
        self._uow.audit(actor, "config.save", ("config", row.id), project=project.id, version=row.version)
        if new.api_key:
            self._uow.audit(actor, "secret.set", ("config", row.id), project=project.id, provider=row.provider)
        elif new.api_key == "" and before is not None:
            await self._forget_keys(project.id, actor, ("config", row.id), before.provider)
        self._projects.announce(project, "config")
        return _shown(row)

    async def activate(self, actor: Actor, ref: str, version: int) -> Config:
        project = await self._projects.require(actor, ref, lock=True)
        row = await self._version(project, version)
        if not row.is_active:
            require_key(row)
            await self._configs.deactivate(project.id)
            row.is_active = True
            self._uow.audit(actor, "config.activate", ("config", row.id), project=project.id, version=version)
            self._projects.announce(project, "config")
        return _shown(row)

    async def versions(self, actor: Actor, ref: str, request: PageRequest) -> Page[Config]:
        project = await self._projects.require(actor, ref)
        page = await self._configs.page(self._configs.of(project.id), request)
        return Page(items=[_shown(row) for row in page.items], next_cursor=page.next_cursor)

    async def trial(self, actor: Actor, ref: str, new: NewConfig) -> Trial:
        """What is called to try this, with the stored key if none is given; nothing of it is kept."""
        project = await self._projects.require(actor, ref)
        before = await self._configs.active(project.id)
        key = new.api_key
        if key is None and before is not None and _same_place(before, new):
            key = self.key_of(before)
            if key:
                self._uow.audit(actor, "secret.used", ("config", before.id), project=project.id, purpose="test")
        kind = providers.PROVIDERS.get(new.provider)
        url = new.base_url or (kind.base_url if kind else None)
        if not url:
            raise Invalid("Say at which address the server listens to try it.", field="base_url", reason="required")
        return Trial(dialect=new.provider, base_url=url, model=new.model, key=key or None)

    async def version(self, actor: Actor, ref: str, version: int) -> Config:
        return _shown(await self._version(await self._projects.require(actor, ref), version))

    async def compare(self, actor: Actor, ref: str, before: int, after: int) -> Comparison:
        project = await self._projects.require(actor, ref)
        return compare(*[_shown(await self._version(project, version)) for version in (before, after)])

    async def serves(self, project: Project) -> bool:
        """Whether a run could be made under the active version."""
        config = await self._configs.active(project.id)
        return config is not None and not _lacks_key(config)

    async def active_version(self, project: Project) -> int | None:
        config = await self._configs.active(project.id)
        return config.version if config else None

    async def newest_first(self, project: Project, limit: int) -> list[OpencodeConfig]:
        """The active version before all others."""
        page = await self._configs.page(self._configs.of(project.id), PageRequest(limit=limit))
        active = await self._configs.active(project.id)
        return ([active] if active else []) + [row for row in page.items if not row.is_active]

    async def _version(self, project: Project, version: int) -> OpencodeConfig:
        row = await self._configs.version(project.id, version)
        if row is None:
            raise NotFound(f"This project has no version {version} of its configuration.")
        return row

    async def by_id(self, config_id: UUID) -> OpencodeConfig:
        config = await self._configs.get(config_id)
        if config is None:
            raise Internal("A run names a configuration that does not exist.")
        return config

    def key_of(self, config: OpencodeConfig) -> str | None:
        if config.provider_api_key_encrypted is None:
            return None
        return self._cipher.open(config.provider_api_key_encrypted, place=_place(config))

    def key_used(self, project_id: UUID, config_id: UUID, run: UUID) -> None:
        """A run was given the key."""
        self._uow.audit(None, "secret.used", ("config", config_id), project=project_id, purpose="run", run=str(run))

    async def project_deleted(self, project_id: UUID) -> None:
        await self._forget_keys(project_id, None, ("project", project_id))

    @property
    def provider_timeout(self) -> float:
        return self._settings.run.provider_timeout

    async def _forget_keys(
        self, project_id: UUID, actor: Actor | None, of: tuple[str, UUID], provider: str | None = None
    ) -> None:
        """Whoever removes a key wants it gone from all versions: none that is activated again may bring it back."""
        if await self._configs.forget_keys(project_id, provider):
            why: dict[str, Any] = {"provider": provider} if provider else {"reason": "project_deleted"}
            self._uow.audit(actor, "secret.deleted", of, project=project_id, **why)

    def _require_size(self, row: OpencodeConfig) -> None:
        """Raises Invalid where no pod could be started with it. Instructions do not count: they go with each prompt."""
        has_key = row.provider_api_key_encrypted is not None
        said = providers.opencode_config(row, has_key=has_key, provider_timeout=self.provider_timeout)
        if (size := providers.size(said)) > providers.MOST_BYTES:
            raise Invalid(
                f"Agents and permissions come to {-(-size // 1024)} KiB; OpenCode can be given "
                f"{providers.MOST_BYTES // 1024} KiB at most. Shorten the prompts of the agents or the lists of "
                "commands, or put long texts into files of the workspace.",
                field="agents" if row.agents else "permissions",
            )

    async def _activate(self, row: OpencodeConfig) -> None:
        await self._configs.deactivate(row.project_id)
        self._configs.add(row)
        await self._uow.flush()

    def _row(self, project: Project, new: NewConfig, *, version: int, by: UUID | None) -> OpencodeConfig:
        return OpencodeConfig(
            id=new_id(),
            project_id=project.id,
            version=version,
            is_active=True,
            provider=new.provider,
            model=new.model,
            base_url=new.base_url,
            instructions=new.instructions,
            temperature=new.temperature,
            max_tokens=new.max_tokens,
            steps=new.steps,
            permissions=new.model_dump(mode="json")["permissions"],
            tools=dict(new.tools),
            agents={name: agent.model_dump(mode="json") for name, agent in new.agents.items()},
            default_agent=new.default_agent,
            created_by=by,
            created_at=self._uow.now,
        )

    def _keep_or_set_key(self, row: OpencodeConfig, before: OpencodeConfig | None, new: NewConfig) -> None:
        # a key belongs to one provider at one address: it is not carried to another host
        same = before is not None and _same_place(before, new)
        key = new.api_key if new.api_key is not None else (self.key_of(before) if before and same else None)
        if key:
            row.provider_api_key_encrypted = self._cipher.seal(key, place=_place(row))
            row.api_key_last4 = key[-4:] if len(key) >= 12 else None


def _same_place(before: OpencodeConfig, new: NewConfig) -> bool:
    return (before.provider, before.base_url) == (new.provider, new.base_url)


def _place(config: OpencodeConfig) -> str:
    return place_of("opencode_configs", "provider_api_key_encrypted", config.id, config.project_id)


def _removes_key(before: OpencodeConfig | None, new: NewConfig) -> bool:
    if before is None or new.api_key != "":
        return False
    return before.provider == new.provider and before.provider_api_key_encrypted is not None


def _require_base(active: OpencodeConfig | None, new: NewConfig) -> None:
    now = active.version if active else 0
    if new.base_version is not None and new.base_version != now:
        raise Stale(f"Version {now} was made active while you edited; look at it, and save again.", current_version=now)


def _check(new: NewConfig) -> None:
    if new.provider == "openai-compatible" and not new.base_url:
        raise Invalid("Say at which address the server listens, e.g. http://127.0.0.1:8080/v1.", field="base_url")


def require_key(row: OpencodeConfig) -> None:
    """Raises Invalid where the provider cannot be asked without one."""
    if _lacks_key(row):
        name = providers.PROVIDERS[row.provider].name
        raise Invalid(
            f"{name} needs an API key; set one in the project's settings.", field="api_key", reason="required"
        )


def _lacks_key(row: OpencodeConfig) -> bool:
    kind = providers.PROVIDERS.get(row.provider)
    return kind is not None and kind.needs_key and row.provider_api_key_encrypted is None


def _shown(row: OpencodeConfig) -> Config:
    return Config(
        id=row.id,
        project_id=row.project_id,
        version=row.version,
        is_active=row.is_active,
        provider=row.provider,
        model=row.model,
        base_url=row.base_url,
        api_key_set=row.provider_api_key_encrypted is not None,
        api_key_last4=row.api_key_last4,
        instructions=row.instructions,
        temperature=row.temperature,
        max_tokens=row.max_tokens,
        steps=row.steps,
        permissions=row.permissions,
        tools=row.tools,
        agents={name: Agent.model_validate(agent) for name, agent in (row.agents or {}).items()},
        default_agent=row.default_agent,
        created_at=row.created_at,
    )
