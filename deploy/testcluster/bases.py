"""What our Dockerfiles are FROM, made on this machine and given the names of the images they stand in for."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from testcluster import oci
from testcluster.buildah import Buildah, Recipe, dockerfile
from testcluster.building import Say
from testcluster.layout import ClusterError, Layout

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
DEBIAN = "docker.io/library/debian:bookworm-slim"
PYTHON = "docker.io/library/python:3.11-slim-bookworm"
NODE = "docker.io/library/node:22-bookworm-slim"
NEEDLESS = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "var/log")


def prepare(layout: Layout, buildah: Buildah, say: Say) -> str:
    """The fingerprint of all of them."""
    archive = _debian(layout, say)
    mark = layout.cache / "buildah" / "bases"
    described = [archive.name, *(dockerfile(name).read_text() for name in ("python", "node"))]
    wanted = hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
    if mark.exists() and mark.read_text() == wanted and all(buildah.knows(name) for name in (DEBIAN, PYTHON, NODE)):
        return wanted
    say("making base images ...")
    buildah.take_in(archive, DEBIAN)
    folder = dockerfile("python").parent
    buildah.build(Recipe(PYTHON, dockerfile("python"), folder))
    _node(layout, buildah)
    mark.write_text(wanted)
    return wanted


def _debian(layout: Layout, say: Say) -> Path:
    target = layout.cache / "images" / f"debian-{SUITE}.tar"
    if target.exists():
        return target
    if shutil.which("debootstrap") is None:
        raise ClusterError("debootstrap is missing; on Debian: apt install debootstrap")
    say("fetching a small Debian, once ...")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".debian-", dir=layout.cache) as scratch:
        root = Path(scratch, "root")
        words = ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root), MIRROR]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(f"debootstrap failed: {done.stdout[-800:]}")
        for needless in NEEDLESS:
            shutil.rmtree(root / needless)
            (root / needless).mkdir()
        oci.write(oci.Image(DEBIAN, root=root, command=("/bin/bash",)), target)
    return target


def _node(layout: Layout, buildah: Buildah) -> None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise ClusterError("Node.js with npm is needed to build the web pages")
    with tempfile.TemporaryDirectory(prefix=".node-", dir=layout.cache) as scratch:
        shutil.copy(Path(program).resolve(), Path(scratch, "node"))
        shutil.copytree(Path(npm).resolve().parent.parent, Path(scratch, "npm"), symlinks=True)
        buildah.build(Recipe(NODE, dockerfile("node"), Path(scratch)))
