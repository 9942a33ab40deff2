"""Programs that outlive the command that started them: known by number and time of birth, ended by number."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from testcluster.layout import ClusterError

ENTER = "nsenter"


@dataclass(frozen=True)
class Process:
    name: str
    pid: int
    born: str
    """In clock ticks since boot, as the kernel tells: a number may be given anew, both together are not."""
    command: tuple[str, ...] = ()
    """Also the words with which it enters namespaces, so that it can be started again."""

    def lives(self) -> bool:
        return self.born != "" and birth(self.pid) == self.born

    def memory(self) -> int:
        """Resident bytes; 0 when it has ended."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            return 0


def birth(pid: int) -> str:
    """Empty when there is no such process, or nothing but its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


class Processes:
    """Of one state folder: `NAME.json` in ``run/``, output in ``log/NAME.log``."""

    def __init__(self, state: Path) -> None:
        self._records = state / "run"
        self._logs = state / "log"

    def start(self, name: str, command: Sequence[str | Path], *, inside: int | None = None) -> Process:
        """`inside`: the process whose namespaces it enters; it becomes a child of a waiting nsenter."""
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        words = [*(entering(inside) if inside is not None else []), *(str(word) for word in command)]
        with (self._logs / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        pid = _only_child(started) if words[0] == ENTER else started.pid
        started.returncode = 0  # it is meant to outlive us: no warning that it still runs
        return self.adopt(name, pid, words)

    def adopt(self, name: str, pid: int, command: Sequence[str] = ()) -> Process:
        process = Process(name, pid, birth(pid), tuple(command))
        (self._records / f"{name}.json").write_text(json.dumps(asdict(process)))
        return process

    def known(self) -> list[Process]:
        return [Process(**json.loads(path.read_text())) for path in sorted(self._records.glob("*.json"))]

    def find(self, name: str) -> Process | None:
        return next((process for process in self.known() if process.name == name and process.lives()), None)

    def require(self, name: str) -> Process:
        process = self.find(name)
        if process is None:
            raise ClusterError(f"{name} does not run")
        return process

    def start_again(self, name: str) -> Process:
        """Exactly as it was started before; it must have ended."""
        before = next((process for process in self.known() if process.name == name and process.command), None)
        if before is None or before.lives():
            raise ClusterError(f"{name} was never started, or still runs")
        return self.start(name, before.command)

    def end(self, processes: Sequence[Process], patience: float = 5.0) -> None:
        """Politely first; none lives afterwards."""
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10.0)):
            for process in processes:
                if process.lives():
                    os.kill(process.pid, number)
            if _wait_gone(processes, seconds):
                break
        else:
            raise ClusterError(f"still running: {[process for process in processes if process.lives()]}")
        for process in processes:
            (self._records / f"{process.name}.json").unlink(missing_ok=True)

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def entering(pid: int) -> list[str]:
    return [ENTER, "--target", str(pid), "--mount", "--net", "--pid", "--"]


def _only_child(parent: "subprocess.Popen[bytes]") -> int:
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and parent.poll() is None:
        if words := children.read_text().split():
            return int(words[0])
        time.sleep(0.005)
    return parent.pid


def _wait_gone(processes: Sequence[Process], seconds: float) -> bool:
    try:
        wait_until(lambda: not any(process.lives() for process in processes), seconds, "")
    except ClusterError:
        return False
    return True


def wait_until(holds: Callable[[], bool], seconds: float, otherwise: str, pause: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(otherwise)
        time.sleep(pause)
