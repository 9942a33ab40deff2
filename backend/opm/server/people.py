"""What an operator does to people from the command line, beside a server that may be running."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from opm.server.core.clock import SystemClock
from opm.server.core.paging import MAX_LIMIT, PageRequest
from opm.server.core.settings import Settings
from opm.server.db.engine import Database
from opm.server.db.uow import UnitOfWork
from opm.server.features.users.accounts import AccountService
from opm.server.features.users.schemas import PersonPatch
from opm.server.serve import nobody_listens


@asynccontextmanager
async def _accounts(settings: Settings) -> AsyncGenerator[AccountService]:
    """One unit of work, saved when nothing failed."""
    db = Database.of(settings)
    try:
        async with db.session(write=True) as session:
            uow = UnitOfWork(session, SystemClock(), nobody_listens)
            yield AccountService(uow)
            await uow.commit()
    finally:
        await db.close()


async def listed(settings: Settings) -> list[str]:
    lines: list[str] = []
    async with _accounts(settings) as accounts:
        page = PageRequest(limit=MAX_LIMIT)
        while True:
            found = await accounts.people(None, page)
            for person in found.items:
                state = "disabled" if person.disabled_at else "admin" if person.is_admin else "active"
                lines.append(f"{person.id}  {state:<8}  {person.name}  {person.email or '-'}")
            if found.next_cursor is None:
                return lines
            page = PageRequest(limit=MAX_LIMIT, cursor=found.next_cursor)


async def shut_out(settings: Settings, named: str, *, disabled: bool) -> str:
    async with _accounts(settings) as accounts:
        person = await accounts.patch(None, (await accounts.find(named)).id, PersonPatch(disabled=disabled))
    return f"{person.name} is shut out." if disabled else f"{person.name} may come in."


async def sign_out(settings: Settings, named: str) -> str:
    async with _accounts(settings) as accounts:
        user = await accounts.find(named)
        await accounts.sign_out(None, user.id)
        return f"{user.name} is signed out everywhere."
