"""Images from Dockerfiles without an engine and without a registry; what was built is found again by its inputs."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from testcluster.layout import CLONE, HERE, ClusterError, Layout

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TRUST = ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
"""Build arguments for the authorities this machine trusts, among them that of a proxy it may live behind."""


@dataclass(frozen=True)
class Recipe:
    """A Dockerfile and the files it may read. `context` is a folder, `inputs` are paths in it; none: all of it."""

    name: str
    dockerfile: Path
    context: Path
    inputs: tuple[str, ...] = ()
    base: str = ""
    """Fingerprint of what it is FROM."""

    def fingerprint(self) -> str:
        total = hashlib.sha256(f"{self.name} {self.base}".encode())
        for path in [self.dockerfile, *sorted(self._files())]:
            total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()[:16]

    def _files(self) -> Iterable[Path]:
        if not self.inputs:
            return [path for path in self.context.rglob("*") if path.is_file()]
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *self.inputs]
        listed = subprocess.run(command, cwd=self.context, capture_output=True, text=True, check=True).stdout
        return [path for name in listed.split("\0") if name and (path := self.context / name).is_file()]


class Buildah:
    """Keeps its layers in the cache, apart from those of the machine's own buildah."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.cache / "buildah"
        self._archives = layout.cache / "images"

    def archive(self, recipe: Recipe) -> Path:
        return self._archives / f"{recipe.name.rpartition('/')[2].replace(':', '-')}-{recipe.fingerprint()}.tar"

    def knows(self, name: str) -> bool:
        return name in self._say("images", "--format", "{{.Name}}:{{.Tag}}").split()

    def take_in(self, archive: Path, name: str) -> None:
        pulled = self._say("pull", "--quiet", f"oci-archive:{archive}").split()[-1]
        self._say("tag", pulled, name)

    def build(self, recipe: Recipe) -> None:
        ignore = CLONE / ".dockerignore"
        command = ["bud", "--layers", "--pull-never", "--isolation", "chroot", "--network", "host", "--timestamp", "0"]
        trust = [f"--build-arg={name}={CERTIFICATES}" for name in TRUST]
        mount = f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"
        ignoring = ["--ignorefile", str(ignore)] if recipe.context == CLONE else []
        what = ["-f", str(recipe.dockerfile), "-t", recipe.name, str(recipe.context)]
        self._say(*command, *trust, mount, *ignoring, *what)

    def export(self, recipe: Recipe) -> Path:
        self._archives.mkdir(parents=True, exist_ok=True)
        target = self.archive(recipe)
        for old in self._archives.glob(f"{target.name.rpartition('-')[0]}-*.tar"):
            old.unlink()
        unfinished = target.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        self._say("push", "--quiet", recipe.name, f"docker-archive:{unfinished}:{recipe.name}")
        unfinished.rename(target)
        return target

    def _say(self, *words: str) -> str:
        done = subprocess.run(
            self._command(words), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ClusterError(f"`buildah {words[0]}` failed: {done.stdout[-4000:]}{done.stderr.strip()[-4000:]}")
        return done.stdout

    def _command(self, words: Sequence[str]) -> list[str]:
        """In a mount namespace of its own, for a build that fails leaves its mounts."""
        if shutil.which("buildah") is None:
            raise ClusterError("buildah is missing; on Debian: apt install buildah")
        self._folder.mkdir(parents=True, exist_ok=True)
        folders = ["--root", str(self._folder / "root"), "--runroot", str(self._folder / "run")]
        return ["unshare", "--mount", "buildah", "--storage-driver", "overlay", *folders, *words]


def dockerfile(name: str) -> Path:
    return HERE / "images" / f"{name}.Dockerfile"
