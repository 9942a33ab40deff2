"""Bringing the database to the form this version of the program wants.

While a new version is rolled out the one before goes on with the newer schema. So a migration of one release only adds;
what is not used any more is taken away by a later one.
"""

import asyncio
import functools
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from opm.server.core.errors import Away
from opm.server.core.jitter import jittered
from opm.server.db.engine import Database

log = structlog.get_logger(__name__)

_ADVISORY_LOCK = 0x6F706D
_TRIES, _PAUSE = 30, 1.0
_LOCK_SECONDS = 2


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@functools.cache
def _known() -> tuple[str, ...]:
    """All revisions of this program, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # several controllers may start at once, and wait for the first as long as it takes
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        # but those who work with the tables meanwhile do not wait for long behind a migration that waits for others
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in _known():
        log.info("the schema is of a newer version and is left as it is", revision=found)
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(db: Database) -> None:
    """Tries for a while when the database is not there yet, or tables are held by others. Raises Unavailable then."""
    for left in reversed(range(_TRIES)):
        try:
            await db.run_sync(_upgrade)
        except Away as exc:
            if db.sqlite or not left:
                raise
            log.warning("the schema cannot be looked at or changed yet", error=type(exc.__cause__).__name__)
            await asyncio.sleep(jittered(_PAUSE))
        else:
            return


async def is_current(db: Database) -> bool:
    """Whether no migration of this program is missing. A schema that a newer version made serves this one, too."""
    async with db.session(write=False) as session:
        connection = await session.connection()
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    return found is not None and (found == _known()[0] or found not in _known())
