"""Versions of configurations."""

from uuid import UUID

from sqlalchemy import CursorResult, Select, func, select, true, update

from opm.server.db.models import OpencodeConfig
from opm.server.db.repository import Repository


class ConfigRepository(Repository[OpencodeConfig]):
    model = OpencodeConfig

    async def active(self, project_id: UUID) -> OpencodeConfig | None:
        return await self.one(
            select(OpencodeConfig).where(OpencodeConfig.project_id == project_id, OpencodeConfig.is_active)
        )

    async def version(self, project_id: UUID, version: int) -> OpencodeConfig | None:
        return await self.one(
            select(OpencodeConfig).where(OpencodeConfig.project_id == project_id, OpencodeConfig.version == version)
        )

    async def newest(self, project_id: UUID) -> int:
        query = select(func.max(OpencodeConfig.version)).where(OpencodeConfig.project_id == project_id)
        return (await self.session.execute(query)).scalar_one() or 0

    async def deactivate(self, project_id: UUID) -> None:
        await self.session.execute(
            update(OpencodeConfig)
            .where(OpencodeConfig.project_id == project_id, OpencodeConfig.is_active)
            .values(is_active=False)
        )

    async def forget_keys(self, project_id: UUID, provider: str | None = None) -> bool:
        """Of one provider or of all, in every version; whether there was any."""
        forgotten = await self.session.execute(
            update(OpencodeConfig)
            .where(
                OpencodeConfig.project_id == project_id,
                OpencodeConfig.provider_api_key_encrypted.is_not(None),
                OpencodeConfig.provider == provider if provider else true(),
            )
            .values(provider_api_key_encrypted=None, api_key_last4=None)
        )
        return isinstance(forgotten, CursorResult) and forgotten.rowcount > 0

    def of(self, project_id: UUID) -> Select[OpencodeConfig]:
        return select(OpencodeConfig).where(OpencodeConfig.project_id == project_id)
