"""Migrated databases for tests, one for each test: SQLite in a file, and PostgreSQL copied from a template.

`database` gives both, one after the other, so that a test that asks for it runs twice; `sqlite_url` and
`sqlite_database` give the embedded one alone.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from opm.server.db.engine import Database
from opm.server.db.migrate import upgrade
from tests.postgres import execute

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


async def migrate(url: str) -> None:
    database = Database(url)
    try:
        await upgrade(database)
    finally:
        await database.close()


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
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "opm.db"
    shutil.copy(sqlite_template, path)
    return sqlite_address(path)


@pytest.fixture
def migrated_postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"opm_test_{uuid4().hex}"
    asyncio.run(execute(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"'))
    yield address_of(postgres_server, name)
    asyncio.run(execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(params=BOTH)
def migrated_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "migrated_postgres_url")


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()
