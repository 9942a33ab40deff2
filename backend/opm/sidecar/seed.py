"""The folders of a new volume: the workspace, whole or not at all; the homes of the agent and of people's shells."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from opm.sidecar.settings import Misconfigured
from opm.wire.seed import Seed

GIT_SECONDS = 60.0
SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false")


def plant(environ: Mapping[str, str]) -> None:
    volume = Path(environ.get("OPM_POD_VOLUME", ""))
    if not volume.is_absolute() or not volume.is_dir():
        raise Misconfigured("OPM_POD_VOLUME is not the absolute path of an existing directory")
    try:
        seed = Seed.model_validate_json(Path(environ.get("OPM_POD_SEED_FILE", "")).read_bytes())
    except (OSError, ValidationError) as exc:
        raise Misconfigured(f"OPM_POD_SEED_FILE cannot be used ({type(exc).__name__})") from exc
    _home(volume / "home", seed)
    _folder(volume / "shell", 0o2770)
    if not (volume / "workspace").is_dir():
        _workspace(volume, seed)


def _home(home: Path, seed: Seed) -> None:
    _folder(home, 0o700)
    _write(home, {**{name: text for name, text in seed.home_once.items() if not (home / name).exists()}, **seed.home})


def _workspace(volume: Path, seed: Seed) -> None:
    # Built beside its place and renamed, so that a crash cannot leave half a workspace behind.
    draft = volume / ".workspace.new"
    shutil.rmtree(draft, ignore_errors=True)
    _folder(draft, 0o2770)
    _write(draft, seed.workspace)
    name, email = seed.author
    for command in (
        ("init", "--quiet", "-b", "main", "--template="),
        ("add", "--all"),
        ("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "Create the workspace"),
    ):
        _git(draft, name, email, *command)
    draft.rename(volume / "workspace")


def _folder(path: Path, mode: int) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _git(folder: Path, name: str, email: str, *arguments: str) -> None:
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }
    try:
        done = subprocess.run(
            [shutil.which("git") or "/usr/bin/git", *SAFE, *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Misconfigured(f"git {arguments[0]} did not run ({type(exc).__name__})") from exc
    if done.returncode != 0:
        raise Misconfigured(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()[-400:]}")
