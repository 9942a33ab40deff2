"""What the manifests say to the programs in them: settings that exist and serve, SQL that runs, a realm that fits."""

import asyncio
import json
import os
import re
import subprocess
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from opm.server.core.settings import Settings
from opm.server.serve import require_safe_address
from tests.deploy.rendering import DEPLOY, Json, named, render
from tests.identity.programs import missing
from tests.postgres import find_binaries, private_cluster

SETTINGS_PAGE = DEPLOY.parent / "docs" / "reference" / "settings.md"
IMPLICIT = {"HOME"}


def config(objects: list[Json]) -> dict[str, str]:
    return named(objects, "ConfigMap", "app-config")["data"]


def test_every_setting_exists(objects: list[Json]) -> None:
    """A name that is mistyped would be ignored."""
    known = set(re.findall(r"`(OPM_[A-Z0-9_]+)`", SETTINGS_PAGE.read_text()))
    if "OPM_KUBERNETES__NAMESPACE" not in known:
        missing("settings of the deployment", "this version has no runtime for Kubernetes")
    assert set(config(objects)) - IMPLICIT - known == set()


def test_the_controller_would_start_with_them(objects: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    if "OPM_KUBERNETES__NAMESPACE" not in SETTINGS_PAGE.read_text():
        missing("settings of the deployment", "this version has no runtime for Kubernetes")
    for name in [name for name in os.environ if name.startswith("OPM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPM_CONFIG_FILE", "/nowhere/opm.toml")
    for name, value in config(objects).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    require_safe_address(settings)
    assert settings.https
    assert (settings.port, str(settings.data_dir)) == (8400, "/var/lib/opm")
    (container,) = named(objects, "Deployment", "opm-controller")["spec"]["template"]["spec"]["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(settings.data_dir), str(settings.key_file.parent)} <= mounts


def test_a_drain_fits_into_the_grace_period(objects: list[Json]) -> None:
    pod = named(objects, "Deployment", "opm-controller")["spec"]["template"]["spec"]
    assert int(config(objects)["OPM_DRAIN_SECONDS"]) + 30 < pod["terminationGracePeriodSeconds"]


def test_a_rollout_never_has_fewer_than_all(objects: list[Json]) -> None:
    spec = named(objects, "Deployment", "opm-controller")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert named(objects, "PodDisruptionBudget", "opm-controller")["spec"]["minAvailable"] == 1


INIT = DEPLOY / "kustomize" / "components" / "postgres" / "10-opm.sql"


@pytest.fixture
async def superuser() -> AsyncIterator[asyncpg.Connection]:
    """On a server of this test's own, whose first account is called as ours will be: so that one is renamed."""
    binaries = find_binaries()
    if binaries is None:
        missing("psql", "PostgreSQL is not installed (apt install postgresql)")
    with private_cluster(binaries) as url:
        address = make_url(url).set(drivername="postgresql")
        first = await asyncpg.connect(address.render_as_string())
        await first.execute("CREATE ROLE boss SUPERUSER LOGIN")
        await first.close()
        connection = await asyncpg.connect(address.set(username="boss").render_as_string())
        await connection.execute("ALTER ROLE opm RENAME TO first")
        try:
            yield connection
        finally:
            await connection.close()


async def set_up(port: int, password: str) -> tuple[int, str]:
    """As PostgreSQL's image runs a script."""
    psql = (find_binaries() or Path()) / "psql"
    address = f"postgresql://boss@127.0.0.1:{port}/postgres"
    environment = {"PATH": os.environ["PATH"], "OPM_PASSWORD": password}
    program = await asyncio.create_subprocess_exec(
        *(psql, "-X", "-q", "-f", INIT, address), env=environment, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await program.communicate()
    return program.returncode or 0, said.decode()


async def test_the_database_is_set_up_for_one_owner(superuser: asyncpg.Connection) -> None:
    password = "a'quote and \\ more"
    port = int(await superuser.fetchval("SHOW port") or 0)
    assert await set_up(port, password) == (0, "")
    owner = "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = 'opm'"
    assert await superuser.fetchval(owner) == "opm"
    can = "SELECT has_database_privilege('opm', $1, 'CONNECT')"
    assert [await superuser.fetchval(can, name) for name in ("opm", "postgres", "template1")] == [True, False, False]
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'opm'"
    assert await superuser.fetchval(rights) is False
    status, said = await set_up(port, password)
    assert status != 0
    assert "already exists" in said
    assert password not in said


def test_the_script_is_the_one_that_is_mounted(objects: list[Json]) -> None:
    assert named(objects, "ConfigMap", "postgres-init")["data"] == {INIT.name: INIT.read_text()}


def test_the_realm_is_fitted_to_the_cluster(tmp_path: Path) -> None:
    """By the very words of the init container, on the very file."""
    objects = render("kind", tmp_path)
    pod = named(objects, "StatefulSet", "keycloak")["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    (tmp_path / "realm.json").write_text(named(objects, "ConfigMap", "keycloak-realm")["data"]["opm-realm.json"])
    places = {"/realm/opm-realm.json": "realm.json", "w /import/opm-realm.json": "w fitted.json"}
    given: list[str] = container["command"] + container["args"]
    words = [places.get(word, word) for word in given]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    text = (tmp_path / "fitted.json").read_text()
    clients = {client["clientId"]: client for client in json.loads(text)["clients"]}
    assert "127.0.0.1" not in text
    public = config(objects)["OPM_PUBLIC_URL"]
    assert clients["opm"]["redirectUris"] == [f"{public}/auth/callback"]
    logout = clients["opm"]["attributes"]["backchannel.logout.url"]
    assert logout == "http://opm-controller:8400/api/auth/oidc/backchannel-logout"
    assert "opm-controller" in json.loads(config(objects)["OPM_ALLOWED_HOSTS"])
    assert clients["opm"]["secret"] == "${OPM_CLIENT_SECRET}"
    assert "secret" not in clients["opm-public"]
