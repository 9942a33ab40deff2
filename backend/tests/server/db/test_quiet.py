"""What the log may tell of a statement that failed: which and why, and never the values it bore."""

import traceback
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from opm.server.db.engine import Database
from opm.server.db.models import User
from tests.contracts.rows import NOW

SECRET = "a-prompt-of-tests"
ROW = {"issuer": "test", "name": SECRET, "created_at": NOW, "updated_at": NOW}


@pytest.fixture
async def postgres_database(migrated_postgres_url: str) -> AsyncIterator[Database]:
    opened = Database.at(migrated_postgres_url)
    yield opened
    await opened.close()


async def trace(database: Database, *statements: tuple[str | None, dict[str, object]]) -> str:
    async def run() -> None:
        async with database.session(write=True) as session:
            for sql, values in statements:
                await session.execute(text(sql) if sql else insert(User), values)

    with pytest.raises(DBAPIError) as caught:
        await run()
    return "".join(traceback.format_exception(caught.value))


async def test_a_refused_row_is_not_shown(database: Database) -> None:
    missing = await trace(database, (None, {**ROW, "id": uuid4(), "oidc_subject": None}))
    assert "oidc_subject" in missing
    assert SECRET not in missing
    twice = [{**ROW, "id": uuid4(), "oidc_subject": SECRET} for _ in range(2)]
    taken = await trace(database, *((None, row) for row in twice))
    assert "INSERT INTO users" in taken
    assert SECRET not in taken


@pytest.mark.postgres
async def test_an_argument_of_the_wrong_form_is_not_shown(postgres_database: Database) -> None:
    """SQLite takes any value anywhere."""
    update = "UPDATE interactions SET sequence_number = CAST(:n AS INTEGER)"
    wrong = await trace(postgres_database, (update, {"n": SECRET}))
    assert "invalid input" in wrong
    assert SECRET not in wrong
    wrong = await trace(postgres_database, ("SELECT CAST(CAST(:n AS TEXT) AS INTEGER)", {"n": SECRET}))
    assert "invalid input" in wrong
    assert SECRET not in wrong
