"""Programs that read what a deployment is made of, as its users' programs do: built once from their Go modules."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.absent import missing
from tests.programs import cache_folder, make_whole, one_at_a_time

KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
COMPOSE = "github.com/compose-spec/compose-go/v2/cmd@v2.9.1"
BUILD_SECONDS = 900


def go_tool(package: str) -> Path:
    """The program of a package with a version; skips, and fails in CI, where it cannot be had."""
    cache = cache_folder("go-tools")
    wanted = cache / package.replace("/", "_")
    with one_at_a_time(cache):
        if not wanted.is_dir():
            go = shutil.which("go")
            if go is None:
                missing(package, "it is not in the cache, and there is no Go to build it with")
            make_whole(wanted, lambda made: _build(go, package, made))
    (program,) = wanted.iterdir()
    return program


def _build(go: str, package: str, made: Path) -> None:
    environment = {**os.environ, "GOBIN": str(made), "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    done = subprocess.run(
        [go, "install", "-trimpath", package],
        env=environment,
        cwd=made,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        missing(package, f"it could not be built:\n{done.stderr[-2000:]}")
