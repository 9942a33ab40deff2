"""aiosqlite, with one trip to its thread for a statement instead of four: each costs more than most statements do."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite
from sqlalchemy.engine import make_url


def opener(url: str) -> Callable[[], aiosqlite.Connection]:
    """What opens a connection for an engine (its ``async_creator``)."""
    path = make_url(url).database or ":memory:"
    return lambda: _Connection(lambda: _open(path), 64)


def _open(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows the letters of ASCII only
    return connection


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class _Connection(aiosqlite.Connection):
    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._thread.daemon = True  # as the engine does for connections that it opens itself

    def cursor(self) -> Any:
        return _Cursor(self)

    async def run(self, work: Callable[[sqlite3.Connection], "_Result"]) -> "_Result":
        return await self._execute(work, self._conn)  # pyright: ignore[reportUnknownMemberType]  not typed there


_Result = tuple[Any, int, int | None, list[Any]]


def _result(cursor: sqlite3.Cursor) -> _Result:
    rows = cursor.fetchall() if cursor.description else []
    found = cursor.description, cursor.rowcount, cursor.lastrowid, rows
    cursor.close()
    return found


class _Cursor:
    """As much of a cursor as the engine's adapter asks for. All rows are read in the trip that executes."""

    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "_Cursor":
        return self._hold(await self._connection.run(lambda c: _result(c.execute(statement, parameters))))

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> "_Cursor":
        return self._hold(await self._connection.run(lambda c: _result(c.executemany(statement, parameters))))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Its work was done when it had been executed."""

    def _hold(self, result: _Result) -> "_Cursor":
        self.description, self.rowcount, self.lastrowid, self._rows = result
        return self
