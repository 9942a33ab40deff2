"""Answers to creating requests that bore an `Idempotency-Key`, for those who ask again."""

from datetime import timedelta
from uuid import UUID

from opm.server.core.errors import Conflict
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.kept import AT_WORK, KeptAnswer
from opm.server.features.users.repository import RepeatRepository

KEPT_FOR = timedelta(hours=24)
GIVEN_UP = timedelta(minutes=2)
"""After that a request that took its key and never told how it ended may be sent again."""


class RepeatService:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._rows = RepeatRepository(uow.session)

    async def find(self, user_id: UUID, key: str, fingerprint: str) -> KeptAnswer | None:
        """The first answer; Conflict if the key was used for something else."""
        row = await self._rows.by_key(user_id, key, since=self._uow.now - KEPT_FOR)
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise Conflict(
                "This Idempotency-Key was used for another request; choose a new one.", field="Idempotency-Key"
            )
        return KeptAnswer(status=row.response_status, content_type=row.content_type, body=row.body)

    async def keep(self, user_id: UUID, key: str, fingerprint: str, answer: KeptAnswer) -> None:
        """Conflict, and with it the end of this unit of work, if the same request got there first."""
        await self._rows.forget(user_id, key, until=self._uow.now - KEPT_FOR)
        self._rows.put(user_id, key, fingerprint, answer, self._uow.now)
        try:
            await self._uow.flush()
        except Conflict as exc:
            raise Conflict("The same request was just carried out; send it again to get its answer.") from exc

    async def reserve(self, user_id: UUID, key: str, fingerprint: str) -> KeptAnswer | None:
        """Take the key for work that begins now; the first answer if there is one already."""
        kept = await self.find(user_id, key, fingerprint)
        if kept is None:
            await self.keep(user_id, key, fingerprint, KeptAnswer(status=AT_WORK, content_type=None, body=""))
            return None
        if kept.status != AT_WORK:
            return kept
        if not await self._rows.take_over(user_id, key, AT_WORK, self._uow.now, until=self._uow.now - GIVEN_UP):
            raise Conflict("The same request is being carried out; ask again in a moment.", reason="at_work")
        return None

    async def release(self, user_id: UUID, key: str, fingerprint: str) -> None:
        """The work came to nothing, so it may be tried again."""
        if await self.find(user_id, key, fingerprint) is not None:
            await self._rows.forget(user_id, key, until=self._uow.now)

    async def complete(self, user_id: UUID, key: str, fingerprint: str, answer: KeptAnswer) -> None:
        await self.release(user_id, key, fingerprint)
        await self.keep(user_id, key, fingerprint, answer)

    async def forget_old(self) -> None:
        await self._rows.forget_all(until=self._uow.now - KEPT_FOR)
