"""Migrations only add, so that a controller of the version before goes on with the schema of this one."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from opm.server.db import migrate

Schema = dict[str, dict[str, Any]]
FOLDER = Path(migrate.__file__).parent / "migrations"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def schemas() -> dict[str, Schema]:
    """Of each revision, from the first to the last: tables with their columns, on SQLite."""
    config = configuration()
    found: dict[str, Schema] = {}
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
            command.upgrade(config, script.revision)
            inspector = sa.inspect(connection)
            found[script.revision] = {
                table: {column["name"]: column for column in inspector.get_columns(table)}
                for table in inspector.get_table_names()
            }
    engine.dispose()
    return found


def breaches(before: Schema, after: Schema) -> list[str]:
    """What a program that knows only `before` would fall over, in words."""
    said = [f"{table} is gone" for table in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        old, new = before[table], after[table]
        said += [f"{table}.{name} is gone" for name in old.keys() - new.keys()]
        wanted = [name for name, column in new.items() if not column["nullable"] and column["default"] is None]
        said += [f"{table}.{name} is wanted" for name in wanted if name not in old or old[name]["nullable"]]
    return sorted(said)


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, Schema, Schema]]:
    known = schemas()
    names = list(known)
    return [(name, known[one], known[name]) for one, name in itertools.pairwise(names)]


def test_no_migration_takes_away_or_asks_for_more(steps: list[tuple[str, Schema, Schema]]) -> None:
    assert len(steps) >= 6
    assert {name: found for name, before, after in steps if (found := breaches(before, after))} == {}


def test_what_would_break_the_version_before_is_seen() -> None:
    free, bound = {"nullable": True, "default": None}, {"nullable": False, "default": None}
    filled = {"nullable": False, "default": "0"}
    before: Schema = {"cards": {"title": bound, "note": free, "old": free}, "gone": {}}
    after: Schema = {"cards": {"title": bound, "note": bound, "rank": filled, "owner": bound, "more": free}, "new": {}}
    assert breaches(before, after) == [
        "cards.note is wanted",
        "cards.old is gone",
        "cards.owner is wanted",
        "gone is gone",
    ]
