"""The short way to SQLite's thread behaves as the long one does."""

import sqlite3
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from opm.server.db.engine import Database
from opm.server.db.sqlite import opener


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'some.db'}"


async def test_rows_counts_and_ids_come_back(url: str) -> None:
    engine = create_async_engine(url, async_creator=opener(url))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT UNIQUE)"))
        inserted = await connection.execute(text("INSERT INTO t (x) VALUES (:x)"), {"x": "a"})
        assert inserted.lastrowid == 1
        await connection.execute(text("INSERT INTO t (x) VALUES (:x)"), [{"x": c} for c in "bcd"])
        returned = await connection.execute(text("UPDATE t SET x = x || '!' WHERE id > 1 RETURNING id"))
        assert returned.scalars().all() == [2, 3, 4]
        changed = await connection.execute(text("UPDATE t SET x = 'z' WHERE id = 4"))
        assert changed.rowcount == 1
        rows = await connection.execute(text("SELECT id, x FROM t ORDER BY id"))
        assert [tuple(row) for row in rows] == [(1, "a"), (2, "b!"), (3, "c!"), (4, "z")]
        assert list((await connection.execute(text("SELECT 1 WHERE 0"))).keys()) == ["1"], "columns without rows"
    await engine.dispose()


async def test_refusals_of_the_database_are_the_engines_own(url: str) -> None:
    engine = create_async_engine(url, async_creator=opener(url))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (x TEXT UNIQUE)"))
        await connection.execute(text("INSERT INTO t VALUES ('a')"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO t VALUES ('a')"))
        with pytest.raises(OperationalError, match="no such table"):
            await connection.execute(text("SELECT * FROM nowhere"))
        assert (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one() == 1
    await engine.dispose()


class Counting:
    """The way to the thread, with a counter."""

    def __init__(self, way: Any) -> None:
        self._way = way
        self.trips = 0

    def put_nowait(self, item: object) -> None:
        self.trips += 1
        self._way.put_nowait(item)


async def test_a_statement_is_one_trip_to_the_thread(url: str) -> None:
    engine = create_async_engine(url, async_creator=opener(url))
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver._tx = counting = Counting(driver._tx)
        assert (await connection.execute(text("SELECT 7"))).scalar_one() == 7
        assert counting.trips == 1
    await engine.dispose()


async def test_databases_are_opened_this_way(url: str, tmp_path: Path) -> None:
    database = Database.at(url)
    async with database.session(write=True) as session:
        await session.execute(text("CREATE TABLE t (x)"))
        await session.execute(text("INSERT INTO t VALUES ('kept')"))
        await session.commit()
        await session.execute(text("INSERT INTO t VALUES ('rolled back')"))
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert type(raw.driver_connection) is not aiosqlite.Connection
    await database.close()
    with sqlite3.connect(tmp_path / "some.db") as plain:
        assert plain.execute("SELECT x FROM t").fetchall() == [("kept",)]
