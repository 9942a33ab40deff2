"""Where each thing of one pod lies on the disk; everything is readable by its owner alone."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from opm.server.runtime.base import Part

TRASH = ".trash-"


@dataclass(frozen=True, slots=True)
class PodLayout:
    root: Path

    @classmethod
    def of(cls, data_dir: Path, project_id: UUID) -> "PodLayout":
        return cls(data_dir / "pods" / project_id.hex)

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def temp(self) -> Path:
        return self.root / "tmp"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def record(self) -> Path:
        return self.root / "pod.json"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    def log(self, part: Part) -> Path:
        return self.logs / f"{part}.log"

    def make(self) -> None:
        for folder in (self.root, self.home, self.state, self.temp, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    def destroy(self) -> None:
        """End the workspace at once by name, then in fact: a crash in between leaves only litter."""
        if not self.root.exists():
            return
        doomed = self.root.with_name(f"{TRASH}{uuid4().hex}")
        self.root.rename(doomed)
        delete_tree(doomed)


def delete_tree(path: Path) -> None:
    shutil.rmtree(path, onerror=_unlock_and_retry)


def _unlock_and_retry(retry: Callable[[str], Any], path: str, _error: object) -> None:
    # An agent may have left folders without write permission; the files are ours all the same.
    Path(path).parent.chmod(0o700)
    if Path(path).is_dir() and not Path(path).is_symlink():
        Path(path).chmod(0o700)
        shutil.rmtree(path)
        return
    retry(path)
