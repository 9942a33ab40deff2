"""All secrets of the database at once: under which master keys they are, and bringing them under the newest one."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Column, String, Table, func, select, type_coerce, update

from opm.server.core.crypto import Cipher, Sealed, key_id_of, place_of
from opm.server.core.errors import Conflict
from opm.server.db.base import Base, SealedText
from opm.server.db.engine import Database

_BATCH = 100


def sealed_columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, SealedText):
                yield table, column


async def keys_in_use(db: Database) -> Counter[str]:
    """How many secrets there are under each key."""
    found: Counter[str] = Counter()
    async with db.session(write=False) as session:
        for _, column in sealed_columns():
            values = await session.execute(select(type_coerce(column, String)).where(column.is_not(None)))
            found.update(key_id_of(Sealed(value)) for (value,) in values)
    return found


async def require_keys(db: Database, known: Collection[str]) -> None:
    """Better not to start than to fail at every run of a project whose key cannot be read."""
    missing = {key: count for key, count in (await keys_in_use(db)).items() if key not in known}
    if missing:
        named = ", ".join(f"{key} ({count} secrets)" for key, count in sorted(missing.items()))
        raise Conflict(
            f"The database holds secrets under master keys that are not in the key file: {named}. Put their lines back "
            "into the file from its backup. If they are lost, `opm keys forget ID` removes those secrets, and the "
            "provider keys have to be entered again."
        )


async def reseal(db: Database, cipher: Cipher, newest: str) -> int:
    """In small transactions, so that a server that runs meanwhile is not held up; may be repeated after a failure."""
    done = 0
    for table, column in sealed_columns():
        while count := await _reseal_some(db, cipher, newest, (table, column)):
            done += count
    return done


async def _reseal_some(db: Database, cipher: Cipher, newest: str, where: tuple[Table, Column[Any]]) -> int:
    table, column = where
    owner = table.c.project_id if "project_id" in table.c else table.c.id
    old = ~_under(column, newest)
    async with db.session(write=True) as session:
        query = select(table.c.id, owner, column).where(column.is_not(None), old).limit(_BATCH)
        rows = (await session.execute(query)).all()
        for row_id, owner_id, sealed in rows:
            place = place_of(table.name, column.name, row_id, owner_id)
            fresh = cipher.seal(cipher.open(sealed, place=place), place=place)
            # unless it was replaced meanwhile, which is then seen by the next look
            await session.execute(
                update(table).where(table.c.id == row_id, column == sealed).values({column.name: fresh})
            )
        await session.commit()
    return len(rows)


async def forget(db: Database, key: str) -> int:
    """Remove the secrets under one key that nobody has any more."""
    done = 0
    async with db.session(write=True) as session:
        for table, column in sealed_columns():
            found = await session.execute(select(func.count()).where(_under(column, key)))
            done += found.scalar_one()
            await session.execute(update(table).where(_under(column, key)).values({column.name: None}))
        await session.commit()
    return done


def _under(column: Column[Any], key: str) -> Any:
    prefix = f"v1.{key}."
    return func.substr(type_coerce(column, String), 1, len(prefix)) == prefix
