"""One door to the database, SQLite or PostgreSQL: transactions that read, and transactions that write."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator
from typing import Any

import orjson
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from opm.server.core.errors import Unavailable
from opm.server.core.texts import kept_json
from opm.server.db import quiet, sqlite

_BUSY_MS = 5000
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""PostgreSQL's: serialization failure, deadlock, lock not available, statement cancelled by its time limit."""


def _dumps(value: Any) -> str:
    return kept_json(orjson.dumps(value)).decode()


class Database:
    """Writers on SQLite take turns here, in order, instead of racing for the file's lock."""

    def __init__(self, url: str, *, pool_size: int = 10, pool_timeout: float = 5) -> None:
        self.sqlite = url.startswith("sqlite")
        shared: dict[str, Any] = {
            "json_serializer": _dumps,
            "json_deserializer": orjson.loads,
            "hide_parameters": True,
        }
        if self.sqlite:
            self.engine: AsyncEngine = create_async_engine(url, async_creator=sqlite.opener(url), **shared)
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
            event.listen(self.engine.sync_engine, "reset", _end_sqlite)
        else:
            self.engine = create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=pool_timeout,
                pool_pre_ping=True,
                connect_args={
                    "timeout": pool_timeout,
                    "command_timeout": 30,
                    "server_settings": {"lock_timeout": "5000", "statement_timeout": "30000"},
                },
                **shared,
            )
        quiet.keep_quiet(self.engine.sync_engine)
        self._writing = self.engine.execution_options(opm_write=True)
        self._turn: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if self.sqlite else contextlib.nullcontext()
        )

    @contextlib.asynccontextmanager
    async def session(self, *, write: bool) -> AsyncGenerator[AsyncSession]:
        """A session whose transaction the caller commits; leaving without commit rolls back."""
        async with self._turn if write else contextlib.nullcontext():
            session = AsyncSession(self._writing if write else self.engine, expire_on_commit=False)
            try:
                yield session
            except (DBAPIError, PoolTimeout, OSError) as exc:
                if isinstance(exc, DBAPIError) and not _is_passing(exc):
                    raise
                raise Unavailable("The database cannot be reached right now; try again in a moment.") from exc
            finally:
                await asyncio.shield(session.close())

    async def ping(self) -> None:
        async with self.session(write=False) as session:
            await session.execute(text("SELECT 1"))

    async def run_sync(self, function: Any, *args: Any) -> None:
        connection: AsyncConnection
        async with self._writing.begin() as connection:
            await connection.run_sync(function, *args)

    async def close(self) -> None:
        await self.engine.dispose()


def _is_passing(exc: DBAPIError) -> bool:
    """Whether the same may succeed in a moment: the database is away, or others held what was needed for too long."""
    if getattr(exc.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # SQLite's word for a statement that makes no sense
    state = getattr(exc.orig, "sqlstate", None)
    return exc.connection_invalidated or isinstance(exc, InterfaceError | OperationalError) or state in _BUSY_STATES


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue]  transactions are begun by us
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    write = connection.get_execution_options().get("opm_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _end_sqlite(connection: Any, *_: Any) -> None:
    # a commit that fails leaves SQLite inside its transaction, and SQLAlchemy takes it for ended
    if connection.driver_connection.in_transaction:
        connection.rollback()
