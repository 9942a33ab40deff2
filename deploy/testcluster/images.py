"""The images of the product, from their Dockerfiles, and those that stand in for a registry's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from testcluster import bases
from testcluster.buildah import Buildah, Recipe, dockerfile
from testcluster.building import Say
from testcluster.layout import CLONE, HERE, ClusterError, Layout

OURS: dict[str, tuple[str, ...]] = {
    "controller": (
        *("backend/opm", "backend/pyproject.toml", "backend/uv.lock", "backend/README.md"),
        *("backend/hatch_build.py", "backend/web_assets.py", "frontend", ".dockerignore"),
    ),
    "sidecar": (
        *("backend/opm/__init__.py", "backend/opm/wire", "backend/opm/sidecar"),
        *("backend/pyproject.toml", "backend/uv.lock", ".dockerignore"),
    ),
    "opencode": ("deploy/images/opencode", ".dockerignore"),
}
STAND_INS: dict[str, tuple[str, ...]] = {
    "postgres": ("postgres.sh",),
    "redis": ("redis.Dockerfile",),
    "traefik": ("traefik.txt",),
    "keycloak": ("fetched.py",),
    "probe": ("probe.Dockerfile",),
}
DEPLOYMENT = (CLONE / "deploy" / "kustomize", CLONE / "deploy" / "keycloak")
NAMED = re.compile(r"(?:\bimage: *(?:&\w+ +)?|_IMAGE=)([\w./-]+:[\w.-]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Built:
    archive: Path
    name: str
    """In the archive."""


def others(name: str) -> list[str]:
    """By which the deployment calls an image, in full."""
    short = name.rpartition("/")[2].partition(":")[0]
    return sorted(said for said in _deployed() if f"/{short}:" in said)


def _deployed() -> set[str]:
    files = [path for folder in DEPLOYMENT for path in folder.rglob("*") if path.suffix in {".yaml", ".env"}]
    named = {said for path in files if "secrets" not in path.parts for said in NAMED.findall(path.read_text())}
    of_hub = {said for said in named if "." not in said.partition("/")[0] or "/" not in said}
    return {f"docker.io/{said if '/' in said else f'library/{said}'}" for said in of_hub}


def recipes(layout: Layout, base: str) -> dict[str, Recipe]:
    ours = {
        name: Recipe(
            f"local.test/opm-{name}:test", CLONE / "deploy" / "images" / f"{name}.Dockerfile", CLONE, inputs, base
        )
        for name, inputs in OURS.items()
    }
    stand_ins = {
        name: Recipe(f"local.test/{name}:test", dockerfile(name), HERE / "images", inputs, base)
        for name, inputs in STAND_INS.items()
    }
    return {**ours, "local": _of_compose(layout, ours), **stand_ins}


def _of_compose(layout: Layout, ours: dict[str, Recipe]) -> Recipe:
    """Controller and OpenCode in one, as `deploy/compose.yaml` makes it, on those that were built here."""
    service = yaml.safe_load((CLONE / "deploy" / "compose.yaml").read_text())["services"]["controller"]
    text = service["build"]["dockerfile_inline"]
    parts = ("opencode", "controller")
    for name in parts:
        published, _, rest = text.partition(f"FROM opm-{name}:")
        text = f"{published}FROM {ours[name].name}{rest.lstrip('0123456789.')}"
    folder = layout.cache / "buildah" / "local"
    (folder / "empty").mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(text)
    base = " ".join(ours[name].fingerprint() for name in parts)
    return Recipe("local.test/opm-local:test", folder / "Dockerfile", folder / "empty", base=base)


def build(layout: Layout, say: Say, names: Sequence[str] = ()) -> list[Built]:
    """The named images, or of all; only those are built whose inputs have changed."""
    buildah = Buildah(layout)
    known = recipes(layout, bases.prepare(layout, buildah, say))
    if unknown := sorted(set(names) - set(known)):
        raise ClusterError(f"no such image: {', '.join(unknown)}; there are {', '.join(known)}")
    return [
        Built(_archive_of(buildah, recipe, say), recipe.name)
        for name, recipe in known.items()
        if not names or name in names
    ]


def _archive_of(buildah: Buildah, recipe: Recipe, say: Say) -> Path:
    archive = buildah.archive(recipe)
    if not archive.exists():
        say(f"building {recipe.name} ...")
        buildah.build(recipe)
        buildah.export(recipe)
    return archive
