"""One door to the database, SQLite or PostgreSQL: transactions that read, and transactions that write."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Self, TypeVar

import orjson
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from opm.server.core.errors import Away
from opm.server.core.settings import Settings
from opm.server.core.texts import kept_json
from opm.server.db import quiet, sqlite

T = TypeVar("T")

_BUSY_MS = 5000
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""PostgreSQL's: serialization failure, deadlock, lock not available, statement cancelled by its time limit."""
_AWAY_STATES = ("08", "57P")
"""What its states begin with when the connection broke or the server ends; the driver has no common class for them."""


def _dumps(value: Any) -> str:
    return kept_json(orjson.dumps(value)).decode()


class Database:
    """Writers on SQLite take turns here, in order, instead of racing for the file's lock."""

    def __init__(self, engine: AsyncEngine, *, patience: float = 5) -> None:
        """`patience`: seconds in which a connection must be there."""
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._patience = patience
        self._endings: set[asyncio.Future[None]] = set()
        self._writing = engine.execution_options(opm_write=True)
        self._turn: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if self.sqlite else contextlib.nullcontext()
        )

    @classmethod
    def at(
        cls,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout: float = 5,
        statement_timeout: float = 10,
        lock_timeout: float = 3,
        idle_timeout: float = 10,
    ) -> Self:
        """Timeouts are in seconds; 0 for those of PostgreSQL itself: none."""
        shared: dict[str, Any] = {
            "json_serializer": _dumps,
            "json_deserializer": orjson.loads,
            "hide_parameters": True,
        }
        if url.startswith("sqlite"):
            engine = create_async_engine(url, async_creator=sqlite.opener(url), **shared)
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
            event.listen(engine.sync_engine, "reset", _end_sqlite)
        else:
            engine = create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=pool_timeout,
                pool_pre_ping=True,
                connect_args={
                    "timeout": pool_timeout,
                    # for a server that is not heard of any more; one that is heard of has its own
                    "command_timeout": statement_timeout + 1 if statement_timeout else None,
                    "server_settings": {
                        "application_name": "opm",
                        "statement_timeout": _milliseconds(statement_timeout),
                        "lock_timeout": _milliseconds(lock_timeout),
                        # who was paused in a transaction must not hold up the others for longer than a lease
                        "idle_in_transaction_session_timeout": _milliseconds(idle_timeout),
                    },
                },
                **shared,
            )
        quiet.keep_quiet(engine.sync_engine)
        return cls(engine, patience=pool_timeout)

    @classmethod
    def of(cls, settings: Settings, *, patient: bool = False) -> Self:
        """`patient`: for what may take long, as bringing the schema up to date."""
        given = settings.database
        return cls.at(
            settings.database_url,
            pool_size=given.pool_size,
            pool_timeout=given.pool_timeout,
            statement_timeout=0 if patient else given.statement_timeout,
            lock_timeout=given.lock_timeout,
            idle_timeout=0 if patient else given.idle_timeout,
        )

    @contextlib.asynccontextmanager
    async def session(self, *, write: bool) -> AsyncGenerator[AsyncSession]:
        """A session whose transaction the caller commits; leaving without commit rolls back."""
        async with self._turn if write else contextlib.nullcontext():
            session = AsyncSession(self._writing if write else self.engine, expire_on_commit=False)
            opening = None if self.sqlite else asyncio.ensure_future(session.connection())
            silent = False
            try:
                with _in_our_words():
                    if opening is not None:
                        await self._opened(opening)
                    yield session
            except Away as away:
                silent = isinstance(away.__cause__, TimeoutError)
                raise
            finally:
                ending = asyncio.ensure_future(_end(session, opening, silent=silent))
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
                if not silent:
                    await asyncio.shield(ending)

    async def _opened(self, opening: asyncio.Future[Any]) -> None:
        """Giving up takes the driver two more seconds, which is not waited for."""
        done, _ = await asyncio.wait({opening}, timeout=self._patience)
        if not done:
            raise TimeoutError
        opening.result()

    async def ping(self) -> None:
        async with self.session(write=False) as session, asyncio.timeout(self._patience):
            await session.execute(text("SELECT 1"))

    async def run_sync(self, function: Callable[..., T], *args: Any) -> T:
        connection: AsyncConnection
        with _in_our_words():
            async with self._writing.begin() as connection:
                return await connection.run_sync(function, *args)

    def pool(self) -> dict[str, int]:
        """How many connections are in use and idle, and how many more may be opened."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return {}
        used, idle = pool.checkedout(), pool.checkedin()
        return {"used": used, "idle": idle, "spare": pool.size() - used - idle}

    async def close(self) -> None:
        if self._endings:
            await asyncio.wait(self._endings)
        await self.engine.dispose()


async def _end(session: AsyncSession, opening: asyncio.Future[Any] | None, *, silent: bool) -> None:
    if opening is not None:
        opening.cancel()
        await asyncio.wait({opening})
        if not opening.cancelled():
            opening.exception()  # the driver says in words of its own that it gave up; nobody waits for them
    if silent:
        await session.invalidate()  # nobody answers, so nothing more is asked on this connection
    try:
        await session.close()
    except DBAPIError:  # it broke before it could undo; the server undoes what a lost connection left
        await session.invalidate()


@contextlib.contextmanager
def _in_our_words() -> Generator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as exc:
        if isinstance(exc, DBAPIError) and not _is_passing(exc):
            raise
        raise Away("The database cannot be reached right now; try again in a moment.") from exc


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def _is_passing(exc: DBAPIError) -> bool:
    """Whether the same may succeed in a moment: the database is away, or others held what was needed for too long."""
    if getattr(exc.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # SQLite's word for a statement that makes no sense
    state = getattr(exc.orig, "sqlstate", None) or ""
    if state in _BUSY_STATES or state.startswith(_AWAY_STATES):
        return True
    return exc.connection_invalidated or isinstance(exc, InterfaceError | OperationalError)


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
