"""Where somebody is signed in, and, for administrators, who there is and who is shut out."""

from uuid import UUID

from opm.server.core.actor import Actor
from opm.server.core.errors import Conflict, Forbidden, NotFound
from opm.server.core.paging import Page, PageRequest
from opm.server.db import models
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.repository import AuthSessionRepository, UserRepository
from opm.server.features.users.schemas import OwnSignIn, Person, PersonPatch


class AccountService:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._users = UserRepository(uow.session)
        self._sessions = AuthSessionRepository(uow.session)

    async def sign_ins(self, actor: Actor, page: PageRequest) -> Page[OwnSignIn]:
        rows = await self._sessions.page(self._sessions.open_of(actor.user_id, self._uow.now, tokens=False), page)
        items = [OwnSignIn.model_validate(row) for row in rows.items]
        for item in items:
            item.current = item.id == actor.auth_session
        return Page(items=items, next_cursor=rows.next_cursor)

    async def end(self, actor: Actor, session_id: UUID) -> None:
        row = await self._sessions.get(session_id)
        if row is None or row.user_id != actor.user_id or row.kind == "token" or row.ended_at is not None:
            raise NotFound("There is no such sign-in.")
        await self._sessions.end_one(session_id, self._uow.now, "sign_out")
        self._uow.audit(actor, "auth.sign_out", ("auth_session", session_id))

    async def end_everywhere(self, actor: Actor) -> None:
        """Every browser of this person, the asking one too; tokens of programs stay."""
        await self._sessions.end_browsers(actor.user_id, self._uow.now, "everywhere")
        self._uow.audit(actor, "auth.sign_out_everywhere", ("user", actor.user_id))

    # --- for administrators -----------------------------------------------------------------------------------

    async def require_admin(self, actor: Actor) -> None:
        user = await self._users.get(actor.user_id)
        if user is None or not user.is_admin:
            raise Forbidden("Only administrators may do this.")

    async def people(self, words: str | None, page: PageRequest) -> Page[Person]:
        rows = await self._users.page(self._users.everyone(words), page)
        return Page(items=[Person.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def patch(self, actor: Actor | None, user_id: UUID, patch: PersonPatch) -> Person:
        """Shutting somebody out ends all they are signed in with, tokens included. Without an actor: the operator."""
        user = await self._require(user_id)
        if patch.disabled and actor is not None and actor.user_id == user_id:
            raise Conflict("You cannot shut yourself out.")
        if patch.disabled != (user.disabled_at is not None):
            user.disabled_at = self._uow.now if patch.disabled else None
            user.updated_at = self._uow.now
            if patch.disabled:
                await self._sessions.end_all(user_id, self._uow.now, "disabled")
            self._uow.audit(actor, "user.disable" if patch.disabled else "user.enable", ("user", user_id))
        return Person.model_validate(user)

    async def sign_out(self, actor: Actor | None, user_id: UUID) -> None:
        """All browsers and tokens of somebody; they may sign in again."""
        await self._require(user_id)
        await self._sessions.end_all(user_id, self._uow.now, "administrator")
        self._uow.audit(actor, "user.sign_out", ("user", user_id))

    async def find(self, named: str) -> models.User:
        """By id or e-mail address, for the command line."""
        user = await self._users.named(named)
        if user is None:
            raise NotFound(f"There is nobody called {named}; `opm users list` shows who there is.")
        return user

    async def _require(self, user_id: UUID) -> models.User:
        user = await self._users.get(user_id)
        if user is None:
            raise NotFound("There is no such person.")
        return user
