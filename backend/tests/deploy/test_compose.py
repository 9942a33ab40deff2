"""compose.yaml, read by the loader that Docker Compose itself uses."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import opm
from opm.cli import main
from opm.server.core.settings import Settings
from opm.server.serve import require_safe_address
from tests.deploy.rendering import DEPLOY, Json
from tests.deploy.test_manifests import PINNED
from tests.deploy.tools import COMPOSE, go_tool

FILE = DEPLOY / "compose.yaml"


def load(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [go_tool(COMPOSE), "-format", "json", "compose.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(FILE, folder)
    words = ["--database", "127.0.0.1:15432", "--redis", "127.0.0.1:16379"]
    said = CliRunner().invoke(main, ["deploy", "secrets", str(folder / "secrets"), *words])
    assert said.exit_code == 0
    return folder


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, Json]:
    done = load(folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


def test_it_is_loaded_and_has_what_it_should(services: dict[str, Json]) -> None:
    assert set(services) == {"controller", "postgres", "redis", "keycloak"}


def test_a_field_that_is_none_is_seen(tmp_path: Path) -> None:
    text = FILE.read_text()
    (tmp_path / "compose.yaml").write_text(text.replace("    init: true\n", "    inti: true\n"))
    done = load(tmp_path)
    assert done.returncode != 0
    assert "inti" in done.stderr + done.stdout


def test_every_service_is_looked_at_and_what_needs_it_waits(services: dict[str, Json]) -> None:
    for service in services.values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
        assert "no-new-privileges:true" in service["security_opt"]
    waits = services["controller"]["depends_on"]
    assert {name: waits[name]["condition"] for name in waits} == dict.fromkeys(
        ("postgres", "redis", "keycloak"), "service_healthy"
    )


def test_images_are_pinned(services: dict[str, Json]) -> None:
    images = {service["image"] for service in services.values()}
    images |= set(re.findall(r"FROM (\S+)", services["controller"]["build"]["dockerfile_inline"]))
    assert {image for image in images if not PINNED.fullmatch(image)} == set()
    ours = {image for image in images if image.startswith("opm-")}
    assert {image.rpartition(":")[2] for image in ours} == {opm.__version__}


def test_only_this_machine_reaches_it(services: dict[str, Json]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    for name in ("controller", "keycloak"):
        assert services[name]["network_mode"] == "host"
    assert services["controller"]["environment"]["OPM_HOST"] == "127.0.0.1"
    assert "--http-host=127.0.0.1" in services["keycloak"]["command"]


def test_no_secret_is_in_the_file_or_in_an_argument(folder: Path, services: dict[str, Json]) -> None:
    env = "".join((folder / "secrets" / f"{name}.env").read_text() for name in ("controller", "postgres", "redis"))
    values = {line.split("=", 1)[1] for line in env.splitlines()}
    assert len(values) >= 6
    shown = json.dumps({name: {"command": one.get("command")} for name, one in services.items()})
    assert not [value for value in values if value in shown or value in FILE.read_text()]
    for line in re.findall(r"env_file: \[(.*)\]", FILE.read_text()):
        assert (folder / line).is_file()


def test_mounted_files_are_there() -> None:
    sources = re.findall(r"- \./(\S+?):", FILE.read_text())
    assert len(sources) == 2
    assert all((DEPLOY / source).is_file() for source in sources)


def test_the_controller_would_start_with_its_settings(
    folder: Path, services: dict[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (folder / "secrets" / "controller.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines) | services["controller"]["environment"]
    for name in [name for name in os.environ if name.startswith("OPM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPM_CONFIG_FILE", str(folder / "none"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    require_safe_address(settings)
    assert settings.oidc.enabled
    assert settings.oidc.secret() is None
    assert settings.database_url.startswith("postgresql+asyncpg://opm:")


def test_redis_gets_its_password_by_a_file_that_is_its_own(tmp_path: Path, services: dict[str, Json]) -> None:
    """The very words, with another program in the place of the server."""
    shell, option, script = services["redis"]["command"]
    told = script.replace("/tmp/redis.conf", f"{tmp_path}/redis.conf").replace("exec redis-server", "echo")
    environment = {"PATH": os.environ["PATH"], "REDIS_PASSWORD": "50%s \\n of it"}
    done = subprocess.run([shell, option, told], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{tmp_path}/redis.conf --save  --appendonly no")
    assert (tmp_path / "redis.conf").read_text() == "requirepass 50%s \\n of it\n"
    assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600
