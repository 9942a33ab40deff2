"""The private PostgreSQL of the tests: every test has a database as good as new, and none stays behind."""

import pytest

from tests.database import Shared, address_of
from tests.postgres import ask, execute

pytestmark = pytest.mark.postgres

COLUMNS = """
    SELECT string_agg(concat_ws(' ', c.relname, a.attname), ', ' ORDER BY c.relname, a.attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
"""
"""Of tables and indexes."""


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_starts_with_an_empty_database(postgres_url: str, turn: int) -> None:
    assert await ask(postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await execute(postgres_url, "CREATE TABLE left_behind (turn int)")
    assert await ask(postgres_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE left_behind (turn int)",
        "DROP INDEX ix_projects_status",
        "ALTER TABLE tasks ADD COLUMN colour varchar",
        "ALTER TABLE tasks DROP COLUMN description",
        "INSERT INTO leases (name, owner, fence, until) VALUES ('left behind', 'one', 1, now())",
    ],
)
async def test_what_one_test_does_to_the_shared_database_is_undone_for_the_next(
    shared_postgres: Shared, postgres_template: str, change: str
) -> None:
    await shared_postgres.empty()
    before = await ask(shared_postgres.url, COLUMNS)
    await execute(shared_postgres.url, change)
    await shared_postgres.empty()
    assert await ask(shared_postgres.url, "SELECT count(*) FROM leases") == 0
    assert await ask(shared_postgres.url, COLUMNS) == before
    assert before == await ask(address_of(shared_postgres.server, postgres_template), COLUMNS)


async def test_databases_of_ended_tests_are_gone(postgres_server: str) -> None:
    left = "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'opm_test_%'"
    assert await ask(postgres_server, left) is None
