"""Programs that are built from published Go modules, once per version, into the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from testcluster.layout import HERE, ClusterError, Layout

Say = Callable[[str], None]


@dataclass(frozen=True)
class Module:
    """One `go.mod` under ``go/`` whose tools are built together. `version_of` names the module that versions it."""

    name: str
    version_of: str
    programs: tuple[str, ...]
    version_variables: tuple[str, ...] = ()
    """What the linker writes where; ``{}`` stands for the version."""
    packages: tuple[str, ...] = ("tool",)

    @property
    def folder(self) -> Path:
        return HERE / "go" / self.name


MODULES = (
    Module(
        "kubernetes",
        "k8s.io/kubernetes",
        ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"),
        (
            "k8s.io/component-base/version.gitVersion={}",
            "k8s.io/component-base/version.gitMajor=1",
            "k8s.io/component-base/version.gitMinor=36",
        ),
    ),
    Module(
        "containerd",
        "github.com/containerd/containerd/v2",
        ("containerd", "containerd-shim-runc-v2", "ctr"),
        ("github.com/containerd/containerd/v2/version.Version={}",),
    ),
    Module("addons", "github.com/coredns/coredns", ("coredns", "kube-router", "pause"), packages=("tool", "./pause")),
)


def program_folders(layout: Layout) -> dict[str, Path]:
    return {module.name: destination(layout, module) for module in MODULES}


def destination(layout: Layout, module: Module) -> Path:
    return layout.cache / module.name / f"{version(module)}-{fingerprint(module)}"


def version(module: Module) -> str:
    for line in (module.folder / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == [module.version_of] and len(words) > 1 and words[1].startswith("v"):
            return words[1]
    raise ClusterError(f"{module.folder}/go.mod requires no {module.version_of}")


def fingerprint(module: Module) -> str:
    total = hashlib.sha256(json.dumps([module.packages, linking(module)]).encode())
    for path in sorted(path for path in module.folder.rglob("*") if path.is_file()):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def linking(module: Module) -> str:
    """A program built as somebody's dependency does not know its version unless it is told."""
    return " ".join(["-s", "-w", *(f"-X {one.format(version(module))}" for one in module.version_variables)])


def build(layout: Layout, say: Say, modules: Sequence[Module] = MODULES) -> None:
    for module in modules:
        target = destination(layout, module)
        if all((target / program).is_file() for program in module.programs):
            continue
        if shutil.which("go") is None:
            raise ClusterError("Go is needed to build Kubernetes: install Go 1.26 or newer.")
        say(f"building {module.name} {version(module)}, once; this takes minutes ...")
        began = time.monotonic()
        _build_into(target, module)
        say(f"building {module.name}: done in {time.monotonic() - began:.0f} s")


def _build_into(target: Path, module: Module) -> None:
    """Whole or not at all: what is half built is never found in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as scratch:
        command = ["go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", linking(module), "-o", f"{scratch}/bin/"]
        environ = {**os.environ, "CGO_ENABLED": "0"}
        done = subprocess.run([*command, *module.packages], cwd=module.folder, env=environ, check=False)
        if done.returncode:
            raise ClusterError(f"{module.name} could not be built; the Go compiler's words are above.")
        shutil.rmtree(target, ignore_errors=True)
        (Path(scratch) / "bin").rename(target)
