"""How SQLite is opened, and what becomes of a connection after something went wrong on it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from opm.server.core.errors import Away, Unavailable
from opm.server.db.engine import Database
from tests.database import sqlite_address


async def pragma(database: Database, name: str) -> object:
    async with database.session(write=False) as session:
        return (await session.execute(text(f"PRAGMA {name}"))).scalar_one()


async def test_sqlite_is_opened_for_safety_first(sqlite_database: Database) -> None:
    assert await pragma(sqlite_database, "journal_mode") == "wal"
    assert await pragma(sqlite_database, "synchronous") == 2
    assert await pragma(sqlite_database, "foreign_keys") == 1


async def test_a_failed_commit_does_not_keep_the_file_locked(sqlite_database: Database) -> None:
    def late(connection: object) -> None:
        run = connection.exec_driver_sql  # pyright: ignore[reportAttributeAccessIssue]  SQLAlchemy's own
        run("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        run("CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")

    await sqlite_database.run_sync(late)

    async def orphan() -> None:
        async with sqlite_database.session(write=True) as session:
            await session.execute(text("INSERT INTO child VALUES (1)"))
            await session.commit()

    for _ in range(3):
        with pytest.raises(IntegrityError):
            await orphan()
    second = Database.at(str(sqlite_database.engine.url))
    async with second.session(write=True) as session:
        await asyncio.wait_for(session.execute(text("INSERT INTO parent VALUES (1)")), 1)
        await session.commit()
    await second.close()
    await orphan()
    async with sqlite_database.session(write=False) as session:
        assert (await session.execute(text("SELECT count(*) FROM child"))).scalar_one() == 1


async def test_two_processes_take_turns(sqlite_database: Database) -> None:
    """The lock of one process does not help against another; the file's lock, waited for, does."""
    second = Database.at(str(sqlite_database.engine.url))
    add = text("UPDATE counter SET n = n + 1")

    def prepare(connection: object) -> None:
        connection.exec_driver_sql("CREATE TABLE counter AS SELECT 0 AS n")  # pyright: ignore[reportAttributeAccessIssue]  SQLAlchemy's own

    await sqlite_database.run_sync(prepare)

    async def count(database: Database) -> None:
        async with database.session(write=True) as session:
            await session.execute(add)
            await asyncio.sleep(0.001)
            await session.commit()

    await asyncio.gather(*(count(database) for database in (sqlite_database, second) * 10))
    async with second.session(write=False) as session:
        assert (await session.execute(text("SELECT n FROM counter"))).scalar_one() == 20
    await second.close()


async def test_our_own_mistakes_are_not_called_an_outage(database: Database) -> None:
    async def mistake() -> None:
        async with database.session(write=False) as session:
            await session.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises((OperationalError, ProgrammingError)):
        await mistake()


async def test_a_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    gone = Database.at(sqlite_address(tmp_path / "nowhere" / "opm.db"))
    with pytest.raises(Unavailable):
        await gone.ping()
    await gone.close()


async def test_waiting_too_long_for_another_process_is_an_outage(sqlite_database: Database) -> None:
    second = Database.at(str(sqlite_database.engine.url))
    async with second.session(write=False) as session:
        await session.execute(text("PRAGMA busy_timeout=10"))

    async def write() -> None:
        async with second.session(write=True) as session:
            await session.execute(text("DELETE FROM users"))

    async with sqlite_database.session(write=True) as session:
        await session.execute(text("DELETE FROM users"))
        with pytest.raises(Unavailable):
            await write()
    await second.close()


@pytest.mark.postgres
async def test_a_deadlock_is_something_to_try_again(migrated_postgres_url: str) -> None:
    database = Database.at(migrated_postgres_url)

    def prepare(connection: object) -> None:
        connection.exec_driver_sql("CREATE TABLE pair AS SELECT generate_series(1, 2) AS id")  # pyright: ignore[reportAttributeAccessIssue]  SQLAlchemy's own

    await database.run_sync(prepare)
    both = asyncio.Barrier(2)

    async def cross(first: int, then: int) -> None:
        async with database.session(write=True) as session:
            await session.execute(text("SELECT 1 FROM pair WHERE id = :id FOR UPDATE"), {"id": first})
            await both.wait()
            await session.execute(text("SELECT 1 FROM pair WHERE id = :id FOR UPDATE"), {"id": then})
            await session.commit()

    outcomes = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    await database.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Away", "NoneType"]


@pytest.mark.parametrize("state", ["08003", "08006", "57P01", "57P02", "57P03"])
async def test_a_connection_that_broke_is_an_outage_whatever_the_driver_calls_it(
    sqlite_database: Database, state: str
) -> None:
    class Lost(Exception):
        sqlstate = state

    with pytest.raises(Away):
        async with sqlite_database.session(write=False):
            raise DBAPIError(None, None, Lost("connection was closed in the middle of operation"))
