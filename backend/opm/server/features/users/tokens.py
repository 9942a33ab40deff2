"""Personal access tokens: named, limited to reading or not, with an end; kept as hashes, shown once."""

import secrets
from datetime import timedelta
from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, NotFound
from opm.server.core.ids import new_id
from opm.server.core.paging import Page, PageRequest
from opm.server.db import models
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.repository import AuthSessionRepository, UserRepository
from opm.server.features.users.schemas import MadeToken, NewToken, PersonalToken
from opm.server.features.users.service import hash_of

PREFIX = "opm_pat_"
"""So that scanners for leaked secrets can tell what they found."""
MOST = 50


class TokenService:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._rows = AuthSessionRepository(uow.session)
        self._users = UserRepository(uow.session)

    async def create(self, actor: Actor, new: NewToken) -> MadeToken:
        if await self._rows.how_many(self._rows.open_of(actor.user_id, self._uow.now, tokens=True)) >= MOST:
            raise Conflict(f"You have {MOST} tokens already; delete one that is not needed any more.")
        raw = PREFIX + secrets.token_urlsafe(32)
        row = models.AuthSession(
            id=new_id(),
            user_id=actor.user_id,
            kind="token",
            name=new.name,
            scope=new.scope,
            token_hash=hash_of(raw),
            created_at=self._uow.now,
            expires_at=self._uow.now + timedelta(days=new.days),
        )
        self._rows.add(row)
        await self._uow.flush()
        self._uow.audit(actor, "token.create", ("token", row.id), name=new.name, scope=new.scope)
        return MadeToken(token=PersonalToken.model_validate(row), secret=raw)

    async def mine(self, actor: Actor, page: PageRequest) -> Page[PersonalToken]:
        rows = await self._rows.page(self._rows.open_of(actor.user_id, self._uow.now, tokens=True), page)
        return Page(items=[PersonalToken.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def revoke(self, actor: Actor, token_id: UUID) -> None:
        row = await self._rows.get(token_id)
        if row is None or row.user_id != actor.user_id or row.kind != "token" or row.ended_at is not None:
            raise NotFound("There is no such token.")
        await self._rows.end_one(token_id, self._uow.now, "revoked")
        self._uow.audit(actor, "token.delete", ("token", token_id), name=row.name)

    async def find(self, raw: str) -> tuple[models.AuthSession, models.User] | None:
        """Whose it is; whether it still lives is asked with every request, as of every sign-in."""
        row = await self._rows.by_token(hash_of(raw))
        user = await self._users.get(row.user_id) if row else None
        return (row, user) if row and user else None
