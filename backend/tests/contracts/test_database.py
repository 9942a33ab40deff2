"""What both databases must refuse and carry along: the schema, its constraints, and what rows give back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Connection, Table, UniqueConstraint, inspect, null, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from opm.server.core.crypto import Sealed
from opm.server.db import migrate, models
from opm.server.db.base import Base
from opm.server.db.engine import Database
from tests.contracts.rows import NOW, filled, row_of

TABLES: dict[str, Table] = {table.name: table for table in Base.metadata.sorted_tables}
MODELS: dict[str, type[Base]] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
ACTIVE = ("opencode_configs", ("project_id",))  # unique only among active rows


async def on(database: Database, function: Any) -> Any:
    async with database.engine.connect() as connection:
        return await connection.run_sync(function)


async def change(database: Database, statement: Any) -> None:
    async with database.session(write=True) as session:
        await session.execute(statement)
        await session.commit()


async def save(database: Database, row: Base) -> None:
    async with database.session(write=True) as session:
        session.add(row)
        await session.commit()


async def read(database: Database, model: type[Base]) -> Any:
    async with database.session(write=False) as session:
        return (await session.execute(select(model))).scalar_one()


# --- the schema ----------------------------------------------------------------------------------------------


async def test_migrations_lead_to_the_models(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        opts = {"compare_type": True, "include_object": include}
        return compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata)

    def include(item: Any, _name: str, kind: str, *_: Any) -> bool:
        # indexes into JSON are PostgreSQL's alone
        return not (database.sqlite and kind == "index" and item.dialect_kwargs.get("postgresql_using") == "gin")

    assert await on(database, differences) == []
    assert await migrate.is_current(database)


async def test_the_comparison_sees_a_difference(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN colour VARCHAR(10)")
        connection.exec_driver_sql("DROP INDEX ix_projects_status")
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert {difference[0] for difference in await on(database, differences)} == {"remove_column", "add_index"}


async def test_the_tables_have_the_names_that_were_asked_for(database: Database) -> None:
    names = set(await on(database, lambda c: inspect(c).get_table_names()))
    wanted = "users projects tasks opencode_configs opencode_sessions interactions task_events audit_log"
    added = "auth_sessions login_attempts refresh_tokens session_events task_templates idempotency_keys leases"
    assert names == {*wanted.split(), *added.split(), "alembic_version"}


async def test_every_foreign_key_and_state_has_an_index(database: Database) -> None:
    def indexed(connection: Connection, table: str) -> set[str]:
        found = inspect(connection)
        columns = [index["column_names"][0] for index in found.get_indexes(table)]
        columns += [unique["column_names"][0] for unique in found.get_unique_constraints(table)]
        return {str(name) for name in (*columns, found.get_pk_constraint(table)["constrained_columns"][0])}

    for name, table in TABLES.items():
        wanted = {key.parent.name for key in table.foreign_keys} | ({"status", "created_at"} & set(table.c.keys()))
        short_lived = {"session_events", "refresh_tokens", "auth_sessions", "login_attempts"}
        wanted -= {"created_at"} if name in short_lived else set()
        assert wanted - await on(database, lambda c, name=name: indexed(c, name)) == set(), name


async def test_down_and_up_again(database: Database) -> None:
    def down(connection: Connection) -> None:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    await database.run_sync(down)
    assert await on(database, lambda c: inspect(c).get_table_names()) == ["alembic_version"]
    assert not await migrate.is_current(database)
    await migrate.upgrade(database)
    await migrate.upgrade(database)
    assert await migrate.is_current(database)
    assert set(await filled(database)) == set(TABLES)


# --- what is refused -----------------------------------------------------------------------------------------


def checks() -> Iterator[tuple[str, str]]:
    for name, table in TABLES.items():
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                yield name, str(check.name).removeprefix(f"ck_{name}_")


@pytest.mark.parametrize(("table", "column"), sorted(checks()))
async def test_only_known_words_are_kept(database: Database, table: str, column: str) -> None:
    row = (await filled(database))[table]
    update = TABLES[table].update().where(TABLES[table].c.id == row.id)
    await change(database, update.values({column: getattr(row, column)}))
    with pytest.raises(IntegrityError):
        await change(database, update.values({column: "nonsense"}))


def test_states_have_checks() -> None:
    found = {f"{table}.{column}" for table, column in checks()}
    assert {"projects.status", "projects.desired_state", "projects.pod_status"} <= found
    assert {"tasks.status", "opencode_sessions.status", "interactions.kind", "interactions.state"} <= found


def uniques() -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, table in TABLES.items():
        yield name, tuple(column.name for column in table.primary_key.columns)
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                yield name, tuple(column.name for column in constraint.columns)
        for index in table.indexes:
            if index.unique:
                yield name, tuple(column.name for column in index.columns)


def values(row: Any) -> dict[str, Any]:
    """As attributes, which is what a row is made of; two names differ between the two."""
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}


def another(row: Any, *same: str) -> Any:
    """A row of the same table and owners that shares the named values, and no other that must be unique."""
    model = type(row)
    owners = {key.parent.name for key in TABLES[row.__tablename__].foreign_keys}
    return row_of(model, **{name: value for name, value in values(row).items() if name in {*owners, *same}})


@pytest.mark.parametrize(("table", "columns"), sorted(uniques()))
async def test_what_must_be_unique_is(database: Database, table: str, columns: tuple[str, ...]) -> None:
    row = (await filled(database))[table]
    await save(database, another(row))
    twin = another(row, *columns)
    if (table, columns) == ACTIVE:
        twin.is_active = True
    with pytest.raises(IntegrityError):
        await save(database, twin)


def test_what_was_promised_is_unique() -> None:
    found = set(uniques())
    assert {("projects", ("user_id", "slug")), ("users", ("issuer", "oidc_subject")), ACTIVE} <= found
    assert ("interactions", ("task_id", "sequence_number")) in found
    assert ("session_events", ("session_id", "seq")) in found


def references() -> Iterator[tuple[str, str, str, str]]:
    for name, table in TABLES.items():
        for key in table.foreign_keys:
            yield name, str(key.parent.name), key.column.table.name, str(key.ondelete)


@pytest.mark.parametrize(("table", "column", "parent", "rule"), sorted(references()))
async def test_rows_go_or_stay_with_what_they_belong_to(
    database: Database, table: str, column: str, parent: str, rule: str
) -> None:
    rows = await filled(database)
    owner = TABLES[parent]
    key: Column[Any] = TABLES[table].c[column]
    with pytest.raises(IntegrityError):
        await change(database, TABLES[table].update().values({column: uuid4()}))
    await change(database, owner.delete().where(owner.c.id == rows[parent].id))
    left = await on(database, lambda c: c.execute(select(key)).all())
    # a line that only names its author outlives him, unless what it is about goes as well
    stays = rule == "SET NULL" and table == "audit_log"
    assert left == ([(None,)] if stays else [])


@pytest.mark.parametrize("table", ["tasks", "opencode_configs", "opencode_sessions", "task_events", "interactions"])
async def test_work_outlives_the_account_of_a_colleague(database: Database, table: str) -> None:
    rows = await filled(database)
    colleague = row_of(models.User)
    await save(database, colleague)
    (column,) = [k.parent.name for k in TABLES[table].foreign_keys if k.column.table.name == "users"]
    await change(database, TABLES[table].update().values({column: colleague.id}))
    await change(database, TABLES["users"].delete().where(TABLES["users"].c.id == colleague.id))
    assert await on(database, lambda c: c.execute(select(TABLES[table].c[column])).all()) == [(None,)]
    assert rows[table] is not None


def required() -> Iterator[tuple[str, str]]:
    for name, table in TABLES.items():
        for column in table.c:
            if not column.nullable and not column.primary_key:
                yield name, column.name


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_what_must_be_there_cannot_be_left_out(database: Database, table: str) -> None:
    await filled(database)
    columns = [column for name, column in required() if name == table]
    assert columns
    for column in columns:
        with pytest.raises(IntegrityError):
            await change(database, TABLES[table].update().values({column: null()}))


# --- what comes back -----------------------------------------------------------------------------------------


async def test_times_come_back_in_utc(database: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    await save(database, row_of(models.User, created_at=NOW.astimezone(tokyo), updated_at=NOW, last_login_at=None))
    user = await read(database, models.User)
    assert user.created_at == NOW
    assert user.created_at.utcoffset() == timedelta(0)
    assert user.created_at.microsecond == 123456
    assert user.last_login_at is None
    with pytest.raises(StatementError, match="without zone"):
        await save(database, row_of(models.User, created_at=datetime(2026, 1, 1)))  # noqa: DTZ001  the point


async def test_times_compare_across_zones(database: Database) -> None:
    await save(database, row_of(models.User))
    earlier = (NOW - timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-8)))
    found = select(models.User.id).where(models.User.created_at > earlier)
    assert len(await on(database, lambda c: c.execute(found).all())) == 1
    later = select(models.User.id).where(models.User.created_at > (NOW + timedelta(seconds=1)).astimezone(UTC))
    assert await on(database, lambda c: c.execute(later).all()) == []


@pytest.mark.parametrize(
    "value",
    [{}, {"a": [1, 2.5, None, True, {"b": "ü€😀"}]}, {"quote": '"\\\n\u2028'}, {"large": 2**53 - 1}, {"é": {"": ""}}],
)
async def test_json_comes_back_as_it_went(database: Database, value: dict[str, Any]) -> None:
    await save(database, row_of(models.AuditLog, details=value))
    assert (await read(database, models.AuditLog)).details == value


async def test_only_sealed_secrets_are_kept(database: Database) -> None:
    rows = await filled(database)
    project_id = rows["projects"].id
    with pytest.raises(StatementError, match="only sealed"):
        await save(database, row_of(models.OpencodeConfig, project_id=project_id, provider_api_key_encrypted="plain"))
    sealed = row_of(models.OpencodeConfig, project_id=project_id, provider_api_key_encrypted=Sealed("v1.k.abc"))
    await save(database, sealed)
    async with database.session(write=False) as session:
        row = await session.get(models.OpencodeConfig, sealed.id)
    assert row is not None
    assert row.provider_api_key_encrypted == Sealed("v1.k.abc")
    assert "abc" not in repr(row.provider_api_key_encrypted)


async def test_ranks_sort_byte_by_byte(database: Database) -> None:
    rows = await filled(database)
    ranks = ["Zz", "a0", "a0V", "aA", "aa", "b00", "Zy", "aZ", "a00"]
    for rank in ranks:
        await save(database, row_of(models.Task, project_id=rows["projects"].id, rank=rank))
    found = await on(database, lambda c: c.execute(select(models.Task.rank).order_by(models.Task.rank)).scalars().all())
    assert found == sorted([*ranks, "a0"])


async def test_texts_longer_than_their_column_are_not_cut(database: Database) -> None:
    """SQLite does not count, so the shapes at the door do; whatever gets in comes back whole."""
    long = row_of(models.User, name="n" * 300)
    try:
        await save(database, long)
    except DBAPIError:
        assert not database.sqlite
    else:
        assert (await read(database, models.User)).name == "n" * 300
