"""The database of a deployment: set up for one owner, and brought back from a dump by the commands of the guide."""

import re
from pathlib import Path

import pytest

from opm.server.core.errors import Conflict
from opm.server.db.engine import Database
from opm.server.db.migrate import is_current, upgrade
from opm.server.db.sealed import keys_in_use, require_keys
from tests.builders import World
from tests.deploy.database import Server
from tests.deploy.rendering import DEPLOY

GUIDE = DEPLOY.parent / "docs" / "guides" / "operate.md"


async def test_it_is_set_up_for_one_owner(server: Server) -> None:
    password = "a'quote and \\ more"
    done = await server.set_up(password)
    assert (done.status, done.out, done.err) == (0, b"", "")
    owner = "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = 'opm'"
    assert await server.superuser.fetchval(owner) == "opm"
    can = "SELECT has_database_privilege('opm', $1, 'CONNECT')"
    reached = [await server.superuser.fetchval(can, name) for name in ("opm", "postgres", "template1")]
    assert reached == [True, False, False]
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'opm'"
    assert await server.superuser.fetchval(rights) is False
    again = await server.set_up(password)
    assert again.status != 0
    assert "already exists" in again.err
    assert password not in again.err


def command(program: str) -> list[str]:
    """The words of the guide, without those that lead into the container and to a file."""
    pattern = rf"^kubectl exec (?:-i )?postgres-0 -- ({program} .*?) [<>] opm\.dump$"
    (line,) = re.findall(pattern, GUIDE.read_text(), re.MULTILINE)
    return line.split()


async def contents(server: Server) -> dict[str, str]:
    """A digest of every table of the product."""
    listed = await server.call(
        *("psql", "-U", "opm", "-XAt", "-d", "opm", "-c"),
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    tables = listed.out.decode().split()
    digests: dict[str, str] = {}
    for table in tables:
        query = f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"  # noqa: S608
        digests[table] = (await server.call("psql", "-U", "opm", "-XAt", "-d", "opm", "-c", query)).out.decode()
    return digests


async def test_a_dump_brings_everything_back(server: Server, tmp_path: Path) -> None:
    await server.set_up("unused")
    database = Database.at(server.address)
    await upgrade(database)
    world = World(database, tmp_path)
    ann = await world.person("ann")
    project = await world.project(ann)
    await world.task(ann, project)
    await world.config(ann, project, api_key="sk-not-a-key-0123456789")
    await database.close()
    before = await contents(server)
    assert before["projects"].startswith("1|")

    dump = await server.call(*command("pg_dump"))
    assert dump.status == 0, dump.err
    assert b"sk-not-a-key" not in dump.out

    await server.superuser.execute("DROP DATABASE opm WITH (FORCE)")
    await server.superuser.execute("CREATE DATABASE opm OWNER opm")
    for _ in range(2):  # into an empty database, and over what is there
        restored = await server.call(*command("pg_restore"), given=dump.out)
        assert (restored.status, restored.err) == (0, "")
        assert await contents(server) == before

    database = Database.at(server.address)
    assert await is_current(database)
    await upgrade(database)  # as the owner of everything, or it would be refused
    assert await keys_in_use(database) == {"test": 1}
    await require_keys(database, ["test"])
    with pytest.raises(Conflict, match="1 secrets"):
        await require_keys(database, ["another"])
    await database.close()
