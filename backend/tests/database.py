"""Migrated databases for tests, as good as new for each: SQLite in a file, and PostgreSQL emptied in between.

`database` gives both, one after the other, so that a test that asks for it runs twice; `sqlite_url` and
`sqlite_database` give the embedded one alone. What SQLAlchemy compiled for one test is kept for the next, which is a
third of what a test costs; `migrated_postgres_url` is of one test alone, for those that change the schema.
"""

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from opm.server.db.base import Base
from opm.server.db.engine import Database
from opm.server.db.migrate import upgrade
from tests.postgres import ask, execute

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


async def migrate(url: str) -> None:
    database = Database.at(url)
    try:
        await upgrade(database)
    finally:
        await database.close()


@functools.cache
def engine_at(url: str) -> AsyncEngine:
    """A closed engine opens again, with what it compiled before."""
    return Database.at(url).engine


def sqlite_address(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy. Closing it writes everything back, so the file alone is the database."""
    path = tmp_path_factory.mktemp("database") / "template.db"
    asyncio.run(migrate(sqlite_address(path)))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a migrated database that nobody is connected to, as copying wants it."""
    name = f"opm_template_{uuid4().hex}"
    asyncio.run(execute(postgres_server, f'CREATE DATABASE "{name}"'))
    asyncio.run(migrate(address_of(postgres_server, name)))
    yield name
    asyncio.run(execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def address_of(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(sqlite_template: Path) -> str:
    path = sqlite_template.with_name("opm.db")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(sqlite_template, path)
    return sqlite_address(path)


async def copy(server: str, template: str, name: str) -> None:
    await execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


async def drop(server: str, name: str) -> None:
    await execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def migrated_postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"opm_test_{uuid4().hex}"
    asyncio.run(copy(postgres_server, postgres_template, name))
    yield address_of(postgres_server, name)
    asyncio.run(drop(postgres_server, name))


@dataclass
class Shared:
    """One database for many tests: emptied for the next, and copied anew when one of them changed the schema."""

    server: str
    template: str
    name: str = field(default_factory=lambda: f"opm_shared_{uuid4().hex}")
    schema: str = ""

    @property
    def url(self) -> str:
        return address_of(self.server, self.name)

    async def empty(self) -> None:
        if not self.schema or self.schema != await ask(self.url, SCHEMA):
            await drop(self.server, self.name)
            await copy(self.server, self.template, self.name)
            self.schema = await ask(self.url, SCHEMA)
        everything = [str(delete(table)) for table in Base.metadata.sorted_tables]
        await execute(self.url, ";".join(["SET session_replication_role = replica", *everything]))


SCHEMA = """
    SELECT concat_ws(
        ' ',
        (SELECT count(*) FROM pg_class),
        (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped),
        (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_trigger),
        (SELECT count(*) FROM pg_proc)
    )
"""
"""Tells whether something was made or taken away, a column or an index as well as a table."""


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str, postgres_template: str) -> Iterator[Shared]:
    shared = Shared(postgres_server, postgres_template)
    yield shared
    asyncio.run(drop(postgres_server, shared.name))


@pytest.fixture
def emptied_postgres_url(shared_postgres: Shared) -> str:
    asyncio.run(shared_postgres.empty())
    return shared_postgres.url


@pytest.fixture(params=BOTH)
def migrated_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "emptied_postgres_url")


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = Database(engine_at(migrated_url))
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(engine_at(sqlite_url))
    yield opened
    await opened.close()
