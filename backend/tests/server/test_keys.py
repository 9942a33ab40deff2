"""Master keys: rotation while a server runs, keys that are missing, secrets that are lost."""

import asyncio
import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from opm.cli import main
from opm.server import keys
from opm.server.core.crypto import Keyring, Sealed, add_key, key_id_of, load_keyring, read_keys
from opm.server.core.errors import Conflict, Internal
from opm.server.core.settings import Settings
from opm.server.db.engine import Database
from opm.server.db.models import OpencodeConfig, Project
from opm.server.db.sealed import keys_in_use, require_keys, reseal, sealed_columns
from opm.server.features.projects.schemas import GitSource
from tests.builders import World

KEY = "sk-live-0123456789-abcd"


async def stored(world: World) -> list[Sealed]:
    rows = await world.rows(OpencodeConfig)
    return [row.provider_api_key_encrypted for row in rows if row.provider_api_key_encrypted is not None]


async def test_every_secret_comes_under_the_new_key_and_stays_in_its_row(world: World) -> None:
    ann = await world.person("ann")
    project = await world.project(ann)
    for number in range(3):
        await world.config(ann, project, api_key=f"{KEY}{number}")
    ring = Keyring({"new": b"n" * 32, "test": b"k" * 32})
    assert await keys_in_use(world.ports.db) == {"test": 3}
    assert await reseal(world.ports.db, ring, "new") == 3
    assert await keys_in_use(world.ports.db) == {"new": 3}
    assert await reseal(world.ports.db, ring, "new") == 0
    last = (await world.rows(OpencodeConfig))[-1]
    assert last.provider_api_key_encrypted is not None
    place = f"opencode_configs|provider_api_key_encrypted|{last.id}|{project.id}"
    assert ring.open(last.provider_api_key_encrypted, place=place) == f"{KEY}2"
    with pytest.raises(Internal):
        ring.open(last.provider_api_key_encrypted, place=place.replace(str(last.id), "other"))
    with pytest.raises(Conflict) as caught:
        await require_keys(world.ports.db, ["test"])
    assert "new (3 secrets)" in caught.value.message


async def test_the_token_of_a_repository_is_brought_along(world: World) -> None:
    git = GitSource(url="https://git.example/tea", username="ann", token="ghp_1")
    project = await world.project(await world.person("ann"), git=git)
    ring = Keyring({"new": b"n" * 32, "test": b"k" * 32})
    assert await reseal(world.ports.db, ring, "new") == 1
    (row,) = await world.rows(Project)
    assert row.git_credential_encrypted is not None
    place = f"projects|git_credential_encrypted|{project.id}|{project.id}"
    assert ring.open(row.git_credential_encrypted, place=place) == '["ann", "ghp_1"]'


def test_a_ring_takes_up_a_new_key_while_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "secret.keys"
    running = load_keyring(path)
    old = running.seal("a", place="p")
    derived = running.derive("pod-pass")
    other = load_keyring(path)
    newest = add_key(path)
    fresh = load_keyring(path).seal("b", place="p")
    assert key_id_of(fresh) == newest
    assert running.open(fresh, place="p") == "b"
    assert running.open(old, place="p") == "a"
    assert key_id_of(other.seal("c", place="p")) == newest
    assert running.derive("pod-pass") == load_keyring(path).derive("pod-pass") == derived
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.keys"]


def test_the_columns_are_found_by_their_type() -> None:
    assert "provider_api_key_encrypted" in {column.name for _, column in sealed_columns()}


def test_rotate_list_forget_and_the_refusal_to_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    def opm(*words: str, code: int = 0) -> str:
        said = CliRunner(env={"OPM_CONFIG_FILE": str(tmp_path / "none")}).invoke(
            main, [*words, "--data-dir", str(tmp_path)]
        )
        assert said.exit_code == code, said.output
        return said.output

    async def one_secret() -> None:
        db = Database.at(settings.database_url)
        world = World(db, tmp_path)
        world.ports = dataclasses.replace(world.ports, cipher=load_keyring(settings.key_file))
        ann = await world.person("ann")
        await world.config(ann, await world.project(ann), api_key=KEY)
        await db.close()

    assert "no database" in opm("keys", "list", code=1)
    opm("migrate")
    asyncio.run(one_secret())
    (first,) = read_keys(settings.key_file)
    assert opm("keys", "list") == f"{first}  1 secrets  encrypts\n"
    assert "1 secrets are now under the key" in opm("keys", "rotate")
    newest, kept = read_keys(settings.key_file)
    assert kept == first
    assert opm("keys", "list") == f"{newest}  1 secrets  encrypts\n{first}  0 secrets  decrypts\n"
    assert KEY not in opm("keys", "list")
    assert newest in opm("keys", "forget", newest, "--yes", code=1)

    newest = add_key(settings.key_file)  # as somebody else puts it there
    assert opm("keys", "reseal") == f"1 secrets were brought under the key {newest}.\n"
    assert opm("keys", "reseal") == f"0 secrets were brought under the key {newest}.\n"
    assert opm("keys", "list").startswith(f"{newest}  1 secrets  encrypts\n")

    settings.key_file.unlink()
    said = CliRunner(env={"OPM_CONFIG_FILE": str(tmp_path / "none")}).invoke(
        main, ["serve", "--port", "0", "--data-dir", str(tmp_path)]
    )
    assert said.exit_code == 1
    assert newest in str(said.exception)
    assert "opm keys forget" in str(said.exception)
    assert asyncio.run(keys.check(settings)).ok is False
    assert opm("keys", "forget", newest, "--yes") == "1 secrets were removed.\n"
    assert asyncio.run(keys.check(settings)).ok is True
