"""The way to a cluster on one's own machine: the script is sound, and its ports are those of the services."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.absent import missing
from tests.deploy.rendering import DEPLOY, Json, named

SCRIPT = DEPLOY / "kind" / "up.sh"
CLUSTER: Json = yaml.safe_load((DEPLOY / "kind" / "cluster.yaml").read_text())
GUIDE = DEPLOY.parent / "docs" / "guides" / "deploy.md"


def test_the_script_has_no_known_fault() -> None:
    linter = shutil.which("shellcheck")
    if linter is None:
        missing("shellcheck", "it is not installed (apt install shellcheck)")
    done = subprocess.run([linter, SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_it_builds_is_there() -> None:
    names = re.search(r"for name in ([a-z ]+); do", SCRIPT.read_text())
    assert names is not None
    assert names.group(1).split() == ["controller", "sidecar", "opencode"]
    if not (DEPLOY / "images").is_dir():
        missing("the Dockerfiles", "this version has none")
    assert all((DEPLOY / "images" / f"{name}.Dockerfile").is_file() for name in names.group(1).split())


@pytest.mark.parametrize(("service", "port"), [("traefik", 443), ("keycloak", 8443)])
def test_ports_of_the_machine_lead_to_services(kind: list[Json], service: str, port: int) -> None:
    (node,) = CLUSTER["nodes"]
    mapped = {one["hostPort"]: one for one in node["extraPortMappings"]}
    (open_port,) = named(kind, "Service", service)["spec"]["ports"]
    assert open_port["port"] == port
    assert mapped[port]["containerPort"] == open_port["nodePort"]
    assert mapped[port]["listenAddress"] == "127.0.0.1"


def test_the_controller_knows_where_keycloak_is(kind: list[Json]) -> None:
    pod = named(kind, "Deployment", "opm-controller")["spec"]["template"]["spec"]
    (alias,) = pod["hostAliases"]
    assert alias["ip"] == named(kind, "Service", "keycloak")["spec"]["clusterIP"]
    issuer = named(kind, "ConfigMap", "app-config")["data"]["OPM_OIDC__ISSUER"]
    (name,) = alias["hostnames"]
    assert issuer == f"https://{name}:8443/realms/opm"
    (keycloak,) = named(kind, "StatefulSet", "keycloak")["spec"]["template"]["spec"]["containers"]
    assert {"name": "KC_HOSTNAME", "value": f"https://{name}:8443"} in keycloak["env"]


def test_the_guide_needs_ten_commands_or_fewer() -> None:
    part = GUIDE.read_text().split("\n## ")[1]
    commands = [
        line for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL) for line in block.splitlines() if line
    ]
    assert part.startswith("On your machine")
    assert 0 < len(commands) <= 10
    assert "make kind" in commands
