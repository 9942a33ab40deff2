"""What the local runtime is told once, when the process is put together."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before a part that died is started again: `first`, doubled each time, `most` at the end."""

    first: float = 1.0
    most: float = 60.0
    forgive_after: float = 60.0
    """After this long in health the next death counts as the first again."""

    def delay(self, failures: int) -> float:
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30))


@dataclass(frozen=True, slots=True)
class LocalSettings:
    data_dir: Path
    """Pods live in `pods/` under it."""
    opencode: Path
    python: Path = field(default_factory=lambda: Path(sys.executable))
    sidecar_command: tuple[str, ...] = ()
    """Runs `opm sidecar`; empty means the same package under `python`."""
    start_timeout: float = 60.0
    stop_timeout: float = 30.0
    keep_on_close: bool = False
    """Leave pods running when the runtime closes, to be adopted by the next one."""
    backoff: Backoff = field(default_factory=Backoff)
    health_interval: float = 3.0
    health_timeout: float = 5.0
    """Generous, because an OpenCode under load must not be taken for a hung one."""
    health_misses: int = 3
    log_limit: int = 8 * 1024 * 1024
    """Bytes of output kept per part, once in the live file and once in the one before it."""
    extra_path: tuple[Path, ...] = ()
    """Folders put in front of the agent's PATH."""
    extra_environ: Mapping[str, str] = field(default_factory=dict[str, str])
    """Given to OpenCode on top of an environment that takes nothing else from the controller (proxies, CAs)."""

    def sidecar(self, name: str) -> list[str]:
        # -P: the folder a program starts in must not be able to shadow our own package.
        command = self.sidecar_command or (str(self.python), "-P", "-m", "opm", "sidecar")
        return [*command, name]
