"""Overlays as kustomize builds them, and ways to find things in the result."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from opm.cli import main
from tests.deploy.tools import KUSTOMIZE, go_tool

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
OVERLAYS = ("kind", "production")
Json = dict[str, Any]
Workload = tuple[Json, Json]
"""An object that makes pods, and the specification of these."""


def furnish(overlay: str, scratch: Path) -> Path:
    """The overlay's folder in a copy of `deploy/`, with secrets made for it as a user makes them."""
    copy = scratch / "deploy"
    shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns("secrets"))
    folder = copy / "kustomize" / "overlays" / overlay
    names = ("--tls", "opencode.local", "--tls", "keycloak.opencode.local")
    said = CliRunner().invoke(main, ("deploy", "secrets", str(folder / "secrets"), *names))
    assert said.exit_code == 0, said.output
    return folder


def render(overlay: str, scratch: Path) -> list[Json]:
    return build(furnish(overlay, scratch))


def build(folder: Path) -> list[Json]:
    done = subprocess.run([go_tool(KUSTOMIZE), "build", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects: list[Json], *kinds: str) -> list[Json]:
    return [one for one in objects if one["kind"] in kinds]


def named(objects: list[Json], kind: str, name: str) -> Json:
    (found,) = [one for one in of_kind(objects, kind) if one["metadata"]["name"] == name]
    return found


def workloads(objects: list[Json]) -> list[Workload]:
    made = of_kind(objects, "Deployment", "StatefulSet", "Job", "DaemonSet")
    return [(one, one["spec"]["template"]["spec"]) for one in made]


def labels_of(workload: Json) -> dict[str, str]:
    return workload["spec"]["template"]["metadata"]["labels"]


def place_of(one: Json) -> tuple[str | None, str]:
    return one["metadata"].get("namespace"), one["metadata"]["name"]


def walk(value: Any) -> Iterator[Json]:
    """Every object inside of `value`, itself included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)
