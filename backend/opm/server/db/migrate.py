"""Bringing the database to the form this version of the program wants."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from opm.server.db.engine import Database

_ADVISORY_LOCK = 0x6F706D


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # several controllers may start at once
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(db: Database) -> None:
    await db.run_sync(_upgrade)


async def is_current(db: Database) -> bool:
    """Whether no migration is missing."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    async with db.engine.connect() as connection:
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    return found == head
