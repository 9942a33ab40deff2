"""A PostgreSQL that is slow, silent, or held up by others: nobody waits for ever, and nothing has to be restarted."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from opm.server.core.errors import Away
from opm.server.db.engine import Database

pytestmark = pytest.mark.postgres


class Wire:
    """A way to the server that can fall silent: connections stay open, and nothing comes through."""

    def __init__(self, url: str) -> None:
        self._far = make_url(url)
        self._heard = asyncio.Event()
        self._heard.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def fall_silent(self) -> None:
        self._heard.clear()

    def speak_again(self) -> None:
        self._heard.set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        near = self._far.set(port=server.sockets[0].getsockname()[1])
        try:
            yield near.render_as_string(hide_password=False)
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._far.host, self._far.port)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(self._carry(source, sink)))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            await self._heard.wait()
            sink.write(data)
        sink.close()


async def test_a_silent_server_is_given_up_in_time_and_found_again(migrated_postgres_url: str) -> None:
    wire = Wire(migrated_postgres_url)
    async with wire.open() as url:
        database = Database.at(url, pool_size=5, pool_timeout=1)
        await asyncio.gather(*(database.ping() for _ in range(5)))
        wire.fall_silent()
        for _ in range(3):
            began = time.monotonic()
            found = await asyncio.gather(*(database.ping() for _ in range(10)), return_exceptions=True)
            assert {type(each) for each in found} == {Away}
            assert time.monotonic() - began < 2
        wire.speak_again()
        await database.ping()
        await database.close()


async def test_statements_and_locks_have_an_end(migrated_postgres_url: str) -> None:
    database = Database.at(migrated_postgres_url, statement_timeout=0.5, lock_timeout=0.2)
    began = time.monotonic()
    with pytest.raises(Away):
        async with database.session(write=False) as session:
            await session.execute(text("SELECT pg_sleep(10)"))
    async with database.session(write=True) as session:
        await session.execute(text("LOCK TABLE tasks"))
        with pytest.raises(Away):
            async with database.session(write=False) as other:
                await other.execute(text("SELECT count(*) FROM tasks"))
    assert time.monotonic() - began < 2
    await database.close()


async def test_who_falls_asleep_in_a_transaction_loses_it_and_its_locks(migrated_postgres_url: str) -> None:
    database = Database.at(migrated_postgres_url, idle_timeout=0.3)

    async def sleeper() -> None:
        async with database.session(write=True) as session:
            await session.execute(text("LOCK TABLE tasks"))
            await asyncio.sleep(0.6)
            async with database.session(write=False) as other:
                await other.execute(text("SELECT count(*) FROM tasks"))
            await session.execute(text("SELECT 1"))

    with pytest.raises(Away):
        await sleeper()
    await database.ping()
    await database.close()
