"""Several controllers on one PostgreSQL: who migrates, who waits, and versions that run side by side."""

import asyncio
import time

import pytest
from sqlalchemy import text

from opm.server.core.errors import Unavailable
from opm.server.db.engine import Database
from opm.server.db.migrate import is_current, upgrade
from tests.postgres import free_port

pytestmark = pytest.mark.postgres


async def stamp(database: Database, revision: str) -> None:
    async with database.session(write=True) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        await session.commit()


async def test_five_at_once_on_an_empty_database(postgres_url: str) -> None:
    databases = [Database.at(postgres_url, statement_timeout=0, idle_timeout=0) for _ in range(5)]
    assert not await is_current(databases[0])
    await asyncio.gather(*(upgrade(database) for database in databases))
    assert [await is_current(database) for database in databases] == [True] * 5
    for database in databases:
        await database.close()


async def test_the_version_before_goes_on_with_a_newer_schema(migrated_postgres_url: str) -> None:
    database = Database.at(migrated_postgres_url)
    await stamp(database, "9999")
    assert await is_current(database)
    await upgrade(database)
    async with database.session(write=False) as session:
        assert (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
    await database.close()


async def test_a_new_version_is_not_ready_with_an_older_schema(migrated_postgres_url: str) -> None:
    database = Database.at(migrated_postgres_url)
    await stamp(database, "0006")
    assert not await is_current(database)
    await database.close()


async def test_who_works_with_a_table_holds_a_migration_up_and_is_not_held_up_by_it(migrated_postgres_url: str) -> None:
    """The migration waits two seconds at a time, so others get in between."""
    database = Database.at(migrated_postgres_url)
    async with database.session(write=True) as session:
        await session.execute(text("DROP INDEX ix_audit_log_project_id_id, ix_audit_log_user_id_id"))
        await session.execute(text("UPDATE alembic_version SET version_num = '0007'"))
        await session.commit()
    held, longest = asyncio.Event(), 0.0

    async def hold() -> None:
        async with database.session(write=True) as session:
            await session.execute(text("LOCK TABLE alembic_version IN EXCLUSIVE MODE"))
            held.set()
            await asyncio.sleep(4)

    async def work() -> None:
        nonlocal longest
        while not await is_current(database):
            began = time.monotonic()
            async with database.session(write=True) as session:
                await session.execute(text("SELECT count(*) FROM tasks"))
            longest = max(longest, time.monotonic() - began)
            await asyncio.sleep(0.05)

    holding = asyncio.create_task(hold())
    await held.wait()
    await asyncio.gather(upgrade(database), work(), holding)
    assert await is_current(database)
    assert longest < 2.5
    await database.close()


async def test_a_database_that_does_not_come_is_told() -> None:
    gone = Database.at(f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/none", pool_timeout=0.05)
    with pytest.raises(Unavailable):
        async with asyncio.timeout(60):
            await upgrade(gone)
    await gone.close()
