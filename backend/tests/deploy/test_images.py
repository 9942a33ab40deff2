"""What the images are made of, as far as it can be known without building them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opm.server.runtime.opencode import INTEGRITY, PINNED_VERSION

BACKEND = Path(__file__).resolve().parents[2]
IMAGES = BACKEND.parent / "deploy" / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))


def test_opencode_in_its_image_is_the_one_this_program_installs() -> None:
    lock = json.loads((IMAGES / "opencode" / "package-lock.json").read_text())["packages"]
    held = {name.removeprefix("node_modules/"): package for name, package in lock.items() if name}
    assert held
    for name, package in held.items():
        assert (package["version"], package["integrity"]) == (PINNED_VERSION, INTEGRITY[name])
    plugins = json.loads((IMAGES / "opencode" / "plugins-lock.json").read_text())["packages"][""]
    assert plugins == {"dependencies": {"@opencode-ai/plugin": PINNED_VERSION}}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_images_run_as_a_numbered_user_on_named_bases(dockerfile: Path) -> None:
    lines = dockerfile.read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1]), "a name cannot be checked by runAsNonRoot"
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE\}", base) for base in bases), "a base is an argument"
    given = [line.partition("=")[2] for line in lines if re.match(r"ARG [A-Z]+_IMAGE=", line)]
    assert given
    assert all(re.fullmatch(r"docker\.io/library/\S+:\S+", base) for base in given)


def test_the_same_uv_is_used_as_in_a_clone() -> None:
    setup = (BACKEND.parent / "scripts" / "setup.py").read_text()
    (version,) = re.findall(r'^UV_VERSION = "(.+)"', setup, re.MULTILINE)
    for dockerfile in (IMAGES / "controller.Dockerfile", IMAGES / "sidecar.Dockerfile"):
        assert f"ARG UV_VERSION={version}\n" in dockerfile.read_text()


@pytest.mark.wheel
@pytest.mark.timeout(300)
def test_sidecars_start_with_their_own_packages_alone(tmp_path: Path) -> None:
    """As in their image: what the lock says of the group `sidecar`, and two packages of ours."""
    beside = BACKEND.parent / ".tools" / "bin" / "uv"
    uv = beside if beside.is_file() else shutil.which("uv")
    assert uv, "uv is missing; `make setup` installs it"
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    venv, package = tmp_path / "venv", tmp_path / "package"
    command = [uv, "sync", "-q", "--frozen", "--only-group", "sidecar", "--python", sys.executable]
    subprocess.run(command, cwd=BACKEND, env={**clean, "UV_PROJECT_ENVIRONMENT": str(venv)}, check=True)
    (package / "opm").mkdir(parents=True)
    shutil.copy(BACKEND / "opm" / "__init__.py", package / "opm")
    for room in ("wire", "sidecar"):
        shutil.copytree(BACKEND / "opm" / room, package / "opm" / room)
    programs = "import opm.sidecar.files.app, opm.sidecar.session.app, opm.sidecar.model.app, sys; "
    asked = programs + "print([name for name in sys.modules if name.startswith('opm.server')])"
    bare = {"PATH": os.defpath, "PYTHONPATH": str(package)}
    done = subprocess.run([venv / "bin" / "python", "-c", asked], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    words = [venv / "bin" / "python", "-P", "-m", "opm.sidecar", "files"]
    told = subprocess.run(words, env=bare, capture_output=True, text=True, check=False)
    assert "OPM_POD_SECRETS_FILE is not set" in told.stderr
