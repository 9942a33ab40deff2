"""What all tables share: names of constraints, identifiers, times in UTC, JSON, sealed secrets."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, MetaData, String, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from opm.server.core.crypto import Sealed
from opm.server.core.ids import new_id

JsonColumn = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """Takes and gives aware times in UTC; SQLite itself would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without zone was about to be saved")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class SealedText(TypeDecorator[Sealed]):
    """A column that cannot hold a plaintext: it takes and gives `Sealed` only."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("only sealed secrets may be saved here")
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Sealed | None:
        return None if value is None else Sealed(value)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        UUID: Uuid(),
        dict[str, Any]: JsonColumn,
        list[str]: JsonColumn,
        list[dict[str, Any]]: JsonColumn,
        Sealed: SealedText(),
    }


class Identified:
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A CHECK that admits these texts only."""
    names = ", ".join(f"'{member}'" for member in values)
    return CheckConstraint(f"{column} IN ({names})", name=column)
