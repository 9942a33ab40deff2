"""Who does the work that one controller does for all: a row, by the database's clock, numbered with every owner.

A lock of a session would be held for as long as its connection lives, which outlives a process that is paused; a row
runs out. PostgreSQL only: the embedded database has one controller.
"""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from opm.server.core.errors import Conflict
from opm.server.db.models import Lease
from opm.server.db.uow import UnitOfWork


class Leases:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def take(self, name: str, owner: str, seconds: float) -> int | None:
        """Its new number, or None while somebody has it."""
        now = await self._uow.database_now()
        until = now + timedelta(seconds=seconds)
        query = insert(Lease).values(name=name, owner=owner, until=until, fence=1)
        query = query.on_conflict_do_update(
            index_elements=[Lease.name],
            set_={"owner": owner, "until": until, "fence": Lease.fence + 1},
            where=Lease.until < now,
        )
        return (await self._uow.session.execute(query.returning(Lease.fence))).scalar_one_or_none()

    async def extend(self, name: str, fence: int, seconds: float) -> None:
        """Raises Conflict when another has it; 0 seconds give it up."""
        until = await self._uow.database_now() + timedelta(seconds=seconds)
        query = update(Lease).where(Lease.name == name, Lease.fence == fence).values(until=until)
        if (await self._uow.session.execute(query.returning(Lease.fence))).scalar_one_or_none() is None:
            raise Conflict("Another controller has this lease now.")

    async def require(self, name: str, fence: int) -> None:
        """Until this unit of work ends nobody else gets it. Raises Conflict when somebody has."""
        query = select(Lease.fence).where(Lease.name == name).with_for_update(read=True)
        if (await self._uow.session.execute(query)).scalar_one_or_none() != fence:
            raise Conflict("Another controller has this lease now.")
