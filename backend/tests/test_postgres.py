"""The private PostgreSQL of the tests: every test has a database of its own, and none stays behind."""

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.postgres import execute

pytestmark = pytest.mark.postgres


def dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_starts_with_an_empty_database(postgres_url: str, turn: int) -> None:
    connection = await asyncpg.connect(dsn(postgres_url))
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.execute("CREATE TABLE left_behind (turn int)")
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    finally:
        await connection.close()


async def test_databases_of_ended_tests_are_gone(postgres_server: str) -> None:
    await execute(postgres_server, "SELECT 1")
    connection = await asyncpg.connect(dsn(postgres_server))
    try:
        names = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'opm_test_%'")
    finally:
        await connection.close()
    assert names == []
