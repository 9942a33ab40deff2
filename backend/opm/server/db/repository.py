"""The few verbs that all repositories share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opm.server.core.errors import Invalid
from opm.server.core.paging import PageRequest, cursor_after
from opm.server.db.base import Base

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """One page of rows, and the cursor of the next."""

    items: Sequence[Row]
    next_cursor: str | None


class Repository(Generic[Row]):
    """Queries over one table, inside the unit of work's session."""

    model: type[Row]

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    def add(self, row: Row) -> Row:
        self.session.add(row)
        return row

    async def get(self, row_id: UUID) -> Row | None:
        return await self.session.get(self.model, row_id)

    async def delete(self, row: Row) -> None:
        await self.session.delete(row)

    async def one(self, query: Select[Row]) -> Row | None:
        return (await self.session.execute(query)).scalar_one_or_none()

    async def all(self, query: Select[Row]) -> Sequence[Row]:
        return (await self.session.execute(query)).scalars().all()

    async def how_many(self, query: Select[Row]) -> int:
        counted = select(func.count()).select_from(query.order_by(None).subquery())
        return (await self.session.execute(counted)).scalar_one()

    async def page(self, query: Select[Row], request: PageRequest, *, newest_first: bool = True) -> Rows[Row]:
        """One page in the order of creation, which is that of the ids."""
        column = self._id
        after = request.position()
        if after is not None:
            query = query.where(column < _id(after) if newest_first else column > _id(after))
        query = query.order_by(column.desc() if newest_first else column.asc()).limit(request.limit + 1)
        rows = await self.all(query)
        if len(rows) <= request.limit:
            return Rows(rows, None)
        rows = rows[: request.limit]
        return Rows(rows, cursor_after(str(self._id_of(rows[-1]))))

    @property
    def _id(self) -> ColumnElement[UUID]:
        return self.model.__table__.c.id

    @staticmethod
    def _id_of(row: Base) -> UUID:
        return row.__dict__["id"]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise Invalid("The cursor is not one of ours; start again without it.", field="cursor") from exc
