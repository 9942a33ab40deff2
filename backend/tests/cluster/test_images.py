"""Our three images, each run as a pod of no privilege on a read-only root, under a user that none of them knows."""

import base64
import json
import secrets
from collections.abc import Callable

import pytest

from opm import __version__
from tests.cluster.images import image
from tests.cluster.kubectl import Kubectl, Object
from tests.cluster.pods import ask, container, empty, pod

PROJECT = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c"
LARGEST_MB = {"opm-controller": 340, "opm-sidecar": 340, "opm-opencode": 420}
HOME, WORK, TMP = empty("home", "/home/opencode"), empty("work", "/workspace"), empty("tmp", "/tmp")
MOUNTS = [HOME[1], WORK[1], TMP[1]]


@pytest.fixture(scope="module")
def password() -> str:
    return secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def trio(space: Kubectl, password: str) -> Kubectl:
    """Running as `trio`: OpenCode, both sidecars and a probe, sharing one network and one workspace."""
    told = {"pass_key": base64.b64encode(secrets.token_bytes(32)).decode(), "opencode_password": password}
    space.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "trio"},
            "stringData": {"secrets.json": json.dumps(told), "password": password},
        },
        trio_pod(),
    )
    space.wait_ready("trio", 120)
    return space


def trio_pod() -> Object:
    secret = {"name": "secrets", "secret": {"secretName": "trio", "defaultMode": 0o440}}
    ready = {"httpGet": {"path": "/health", "port": 3001}, "periodSeconds": 1}
    of_password = {"valueFrom": {"secretKeyRef": {"name": "trio", "key": "password"}}}
    return pod(
        "trio",
        container(
            "opencode",
            "opm-opencode",
            args=["serve", "--hostname", "127.0.0.1", "--port", "3000"],
            env=[{"name": "OPENCODE_SERVER_PASSWORD", **of_password}],
            volumeMounts=MOUNTS,
        ),
        sidecar("files", 3001, readinessProbe=ready),
        sidecar("session", 3002),
        container("probe", "probe"),
        volumes=[HOME[0], WORK[0], TMP[0], secret],
    )


def sidecar(program: str, port: int, **more: object) -> Object:
    told = {
        "OPM_POD_HOST": "0.0.0.0",
        "OPM_POD_PORT": str(port),
        "OPM_POD_PROJECT": PROJECT,
        "OPM_POD_WORKSPACE": "/workspace",
        "OPM_POD_SECRETS_FILE": "/etc/opm/secrets.json",
        "OPM_POD_OPENCODE_URL": "http://127.0.0.1:3000",
    }
    environ = [{"name": name, "value": value} for name, value in told.items()]
    mounts = [WORK[1], TMP[1], {"name": "secrets", "mountPath": "/etc/opm", "readOnly": True}]
    return container(program, "opm-sidecar", args=[program], env=environ, volumeMounts=mounts, **more)


def test_opencode_answers_to_its_password_alone(trio: Kubectl, password: str) -> None:
    url = "http://127.0.0.1:3000/global/health"
    trio.wait(lambda: ask(trio, "trio", url)[0] == 401, 60, lambda: trio.describe("trio"))
    shown = base64.b64encode(f"opencode:{password}".encode()).decode()
    status, body = ask(trio, "trio", url, headers={"Authorization": f"Basic {shown}"})
    assert status == 200
    assert json.loads(body)["healthy"] is True
    assert ask(trio, "trio", url, headers={"Authorization": "Basic b3BlbmNvZGU6d3Jvbmc="})[0] == 401


def test_opencode_makes_an_instance_without_asking_for_plugins(trio: Kubectl, password: str) -> None:
    shown = base64.b64encode(f"opencode:{password}".encode()).decode()
    url, headers = "http://127.0.0.1:3000/path?directory=/workspace", {"Authorization": f"Basic {shown}"}
    trio.wait(lambda: ask(trio, "trio", url, headers=headers, seconds=20)[0] == 200, 60, lambda: trio.describe("trio"))
    seeded = trio.execute("trio", "find", "/etc/xdg/opencode", container="opencode").split()
    assert sorted(seeded) == [
        "/etc/xdg/opencode",
        "/etc/xdg/opencode/.gitignore",
        "/etc/xdg/opencode/node_modules",
        "/etc/xdg/opencode/package-lock.json",
    ]
    assert "registry" not in trio.logs("trio", "opencode")


@pytest.mark.parametrize("port", [3001, 3002])
def test_a_sidecar_says_that_it_is_well_and_nothing_without_a_pass(trio: Kubectl, port: int) -> None:
    trio.wait(
        lambda: ask(trio, "trio", f"http://127.0.0.1:{port}/health") == (200, "ok"),
        30,
        lambda: trio.describe("trio"),
    )
    assert ask(trio, "trio", f"http://127.0.0.1:{port}/tree")[0] == 401


def test_no_part_writes_anywhere_but_where_it_is_given_room(trio: Kubectl) -> None:
    find = "find / -xdev -writable -not -type l -not -path '/proc/*' 2>/dev/null; true"
    for part in ("opencode", "files"):
        writable = trio.execute("trio", "sh", "-c", f"touch /probe 2>&1; {find}", container=part)
        assert "Read-only file system" in writable
        assert "/etc/xdg" not in writable


def test_the_image_of_the_sidecars_holds_nothing_of_the_controller(trio: Kubectl) -> None:
    look = "find / -xdev -maxdepth 8 -path '*/opm/*' 2>/dev/null; true"
    found = trio.execute("trio", "sh", "-c", look, container="files")
    parts = {line.partition("/site-packages/opm/")[2].partition("/")[0] for line in found.split() if "/opm/" in line}
    assert {"wire", "sidecar"} <= parts
    assert not parts & {"server", "_web", "cli.py", "__main__.py"}
    held = trio.execute("trio", "/opt/opm/bin/python", "-c", "import importlib.metadata as m; "
        "print(*(d.name.lower() for d in m.distributions()))", container="files").split()  # fmt: skip
    assert not set(held) & {"sqlalchemy", "fastapi", "asyncpg", "redis", "alembic"}


@pytest.mark.parametrize("part", ["opencode", "session"])
def test_agent_and_terminal_have_the_same_tools(trio: Kubectl, part: str) -> None:
    for tool in ("bash", "git", "rg", "ssh", "less", "ps"):
        assert trio.execute("trio", "sh", "-c", f"command -v {tool}", container=part).strip()
    trio.execute("trio", "git", "init", "-q", f"/tmp/{part}", container=part)
    assert trio.execute("trio", "rg", "--version", container=part).startswith("ripgrep")


@pytest.mark.parametrize(("of_image", "uid"), [("opm-opencode", 10_001), ("opm-sidecar", 10_003)])
def test_ssh_finds_a_name_for_its_user(space: Kubectl, of_image: str, uid: int) -> None:
    """It ends at once without one; these are the users of agents and of terminals."""
    space.apply(pod(of_image, container("tools", of_image, command=["sleep", "300"]), uid=uid))
    space.wait_ready(of_image)
    assert "hostname example.org" in space.execute(of_image, "ssh", "-G", "example.org")


def test_a_module_in_the_workspace_does_not_shadow_the_sidecars(trio: Kubectl) -> None:
    trap = "mkdir -p /workspace/opm && echo 'raise SystemExit(\"trapped\")' > /workspace/opm/__init__.py"
    trio.execute("trio", "sh", "-c", trap, container="opencode")
    try:
        asked = "cd /workspace && /opt/opm/bin/python -P -m opm.sidecar nothing 2>&1; true"
        assert "usage:" in trio.execute("trio", "sh", "-c", asked, container="session")
    finally:
        trio.execute("trio", "rm", "-r", "/workspace/opm", container="opencode")


def test_the_controller_runs_with_a_data_folder_and_nothing_else(space: Kubectl) -> None:
    volume, mount = empty("data", "/var/lib/opm")
    held = container("controller", "opm-controller", command=["sleep", "600"], volumeMounts=[mount])
    space.apply(pod("controller", held, volumes=[volume]))
    space.wait_ready("controller")
    version = space.execute("controller", "opm", "--version")
    assert __version__ in version
    space.execute("controller", "opm", "migrate")
    page = space.execute("controller", "python", "-P", "-c", "import opm, pathlib; "
        "print((pathlib.Path(opm.__file__).parent / '_web/index.html').read_text())")  # fmt: skip
    assert "<script" in page
    assert space.execute("controller", "id", "-u").strip() == "12345"


def test_images_are_no_larger_than_they_must_be(
    kubectl: Kubectl, record_property: Callable[[str, object], None]
) -> None:
    sizes: dict[str, int] = {}
    for node in kubectl.items("nodes"):
        for held in node["status"].get("images", []):
            sizes.update(dict.fromkeys(held.get("names") or [], held["sizeBytes"]))
    for name, most in LARGEST_MB.items():
        if (size := sizes.get(image(name))) is None:
            continue  # a node tells of fifty images at most
        record_property(name, size)
        assert size < most * 1_000_000, f"{name} has grown to {size} bytes"
