"""What a new volume is filled with: whole or not at all, once, and nowhere else."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from opm.sidecar.seed import plant
from opm.sidecar.settings import Misconfigured

BACKEND = Path(__file__).resolve().parents[2]
SEED = {
    "workspace": {"README.md": "# Hello\n", "src/a.py": "pass\n"},
    "home": {".config/opencode/package-lock.json": "{}"},
    "home_once": {".gitconfig": "[user]\n"},
    "author": ["Somebody", "somebody@localhost"],
}


def environment(tmp_path: Path, seed: Any = SEED) -> dict[str, str]:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed))
    volume = tmp_path / "volume"
    volume.mkdir(exist_ok=True)
    return {"OPM_POD_VOLUME": str(volume), "OPM_POD_SEED_FILE": str(file)}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_new_volume_gets_a_committed_workspace_and_homes(tmp_path: Path) -> None:
    plant(environment(tmp_path))
    volume = tmp_path / "volume"
    workspace = volume / "workspace"
    assert (workspace / "src/a.py").read_text() == "pass\n"
    assert git(workspace, "log", "--format=%an <%ae> %s") == "Somebody <somebody@localhost> Create the workspace"
    assert git(workspace, "status", "--porcelain") == ""
    assert (volume / "home/.gitconfig").exists()
    assert workspace.stat().st_mode & 0o7777 == 0o2770, "the group shares it"
    assert (volume / "home").stat().st_mode & 0o777 == 0o700, "the agent alone"


def test_what_is_there_stays_and_what_is_ours_is_renewed(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    plant(environ)
    volume = tmp_path / "volume"
    (volume / "workspace/README.md").write_text("mine\n")
    (volume / "home/.gitconfig").write_text("mine\n")
    (volume / "home/.config/opencode/package-lock.json").write_text("old\n")
    plant(environ)
    assert (volume / "workspace/README.md").read_text() == "mine\n"
    assert (volume / "home/.gitconfig").read_text() == "mine\n"
    assert (volume / "home/.config/opencode/package-lock.json").read_text() == "{}"


def test_half_a_workspace_of_a_crash_is_not_taken_for_one(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    half = tmp_path / "volume/.workspace.new"
    half.mkdir(parents=True)
    (half / "rest").write_text("of before")
    plant(environ)
    assert not half.exists()
    assert not (tmp_path / "volume/workspace/rest").exists()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ".git/hooks/post-commit", "a/../../b", ""])
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured):
        plant(environment(tmp_path, {**SEED, "workspace": {name: "x"}}))
    assert os.listdir(tmp_path / "volume") == []  # noqa: PTH208  the names are enough


@pytest.mark.parametrize("missing", ["OPM_POD_VOLUME", "OPM_POD_SEED_FILE"])
def test_what_it_is_not_told_is_named(tmp_path: Path, missing: str) -> None:
    environ = environment(tmp_path)
    del environ[missing]
    with pytest.raises(Misconfigured, match=missing):
        plant(environ)


def test_one_that_is_asked_to_end_does_so_also_as_process_1_of_a_container(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\n: >{begun}\nexec sleep 3\n")
    slow.chmod(0o755)
    environ = environment(tmp_path) | {"PATH": f"{slow.parent}:{os.environ['PATH']}"}
    planting = subprocess.Popen([sys.executable, "-m", "opm.sidecar", "seed"], cwd=BACKEND, env=environ)
    try:
        deadline = time.monotonic() + 30
        while not begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        planting.send_signal(signal.SIGTERM)
        status = planting.wait(timeout=20)
    finally:
        planting.kill()
        planting.wait()
    assert status == 143, "by its own decision: a signal that nobody handles would show as -15"
    assert not (tmp_path / "volume" / "workspace").exists()
