"""Everything a fresh clone needs before it can serve or be tested; nothing but the standard library.

Each step leaves a stamp with a digest of its inputs inside what it made. A step whose stamp still fits is
skipped, and the stamp is taken away before the step starts, so that an interrupted step is done again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
TOOLS = ROOT / ".tools"
VENV = BACKEND / ".venv"
OPENCODE_PATH = TOOLS / ".opencode-path"
UV_VERSION = "0.13.9"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)

sys.path.insert(0, str(BACKEND))
sys.dont_write_bytecode = True
import web_assets  # noqa: E402  only now can it be found: it belongs to the build hook


class SetupError(Exception):
    """Set-up cannot go on; the message says how to mend it."""


@dataclass(frozen=True)
class Step:
    name: str
    stamp: Path
    wanted: str
    make: Callable[[], None]
    enough: tuple[str, ...] = ()
    """Other stamps that serve as well (an environment with more in it than asked for)."""
    product: Path | None = None
    """Names a file that holds the path of what was made, when that lies outside the clone and may vanish."""

    def is_fresh(self) -> bool:
        if not self.stamp.is_file() or self.stamp.read_text() not in (self.wanted, *self.enough):
            return False
        return self.product is None or (self.product.is_file() and Path(self.product.read_text()).is_file())


def digest(*parts: str | Path) -> str:
    """Of texts and of the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def run(command: Iterable[str | Path], cwd: Path = ROOT, **env: str) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SetupError(f"`{' '.join(words)}` ended with status {done.returncode}; its own words are above.")


def tool(name: str) -> Path:
    """A program of a virtual environment of ours."""
    return TOOLS / "bin" / name


def need_node() -> None:
    if not (node := shutil.which("node")) or not shutil.which("npm"):
        raise SetupError("Node.js and npm are needed to build the front end. Install Node.js 20.19 or newer.")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(number) for number in said.lstrip("v").split(".")[:2]) < OLDEST_NODE:
        raise SetupError(f"Node.js {said} at {node} is too old. Install Node.js 20.19 or newer.")


def make_tools() -> None:
    shutil.rmtree(TOOLS, ignore_errors=True)
    try:
        run([sys.executable, "-m", "venv", TOOLS])
    except SetupError as exc:
        raise SetupError(
            "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"
        ) from exc
    run([tool("python"), "-m", "pip", "install", "--quiet", "--no-input", f"uv=={UV_VERSION}"])


def sync(*options: str) -> None:
    """Compiled at once: a server, and each part of each pod, then starts in a fraction of the time."""
    run(
        [
            tool("uv"),
            "sync",
            "--frozen",
            "--compile-bytecode",
            "--project",
            BACKEND,
            "--python",
            sys.executable,
            *options,
        ],
        UV_PYTHON_DOWNLOADS="never",
        UV_PROJECT_ENVIRONMENT=str(VENV),
        VIRTUAL_ENV="",
    )


def sync_run() -> None:
    sync("--no-dev")


def sync_dev() -> None:
    sync()


def install_packages() -> None:
    need_node()
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"], cwd=FRONTEND)


def build_front_end() -> None:
    need_node()
    run(["npm", "run", "build"], cwd=FRONTEND)
    if not (web_assets.ASSETS / "index.html").is_file():
        raise SetupError(f"The front end's build left no index.html in {web_assets.ASSETS}.")


def install_opencode() -> None:
    """Progress goes to the terminal; what it prints besides is where the program is."""
    command = [VENV / "bin" / "opm", "setup-opencode"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SetupError("OpenCode could not be installed; the reason is above.")
    OPENCODE_PATH.write_text(done.stdout.strip())


def python_steps(*, dev: bool) -> list[Step]:
    version = ".".join(str(number) for number in sys.version_info[:3])
    own = digest(UV_VERSION, version, str(ROOT))
    locked = digest(BACKEND / "uv.lock", BACKEND / "pyproject.toml", own)
    if dev:
        packages = Step("Python packages, also for development", VENV / ".stamp", f"{locked} dev", sync_dev)
    else:
        packages = Step("Python packages", VENV / ".stamp", f"{locked} run", sync_run, (f"{locked} dev",))
    return [Step("uv, the Python package manager", TOOLS / ".stamp", own, make_tools), packages]


def web_steps() -> list[Step]:
    lock = digest(FRONTEND / "package-lock.json")
    return [
        Step("front-end packages", FRONTEND / "node_modules" / ".stamp", lock, install_packages),
        Step("front-end build", web_assets.STAMP, web_assets.digest(), build_front_end),
    ]


def opencode_step() -> Step:
    """Which program suits depends on the pins and on where the settings say it is or should be."""
    pins = BACKEND / "opm" / "server" / "runtime" / "opencode.py"
    named = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("OPM_")]
    return Step("OpenCode", TOOLS / ".opencode-stamp", digest(pins, *named), install_opencode, product=OPENCODE_PATH)


def steps_for(goal: str) -> list[Step]:
    dev = goal != "run"
    web = web_steps()
    if not dev and web[-1].is_fresh():
        web = []  # packages are only needed to build
    return [*python_steps(dev=dev), *web, opencode_step()]


def perform(steps: list[Step], say: Callable[[str], None]) -> None:
    stale = [step for step in steps if not step.is_fresh()]
    for number, step in enumerate(stale, 1):
        say(f"[{number}/{len(stale)}] {step.name} ...")
        began = time.monotonic()
        step.stamp.unlink(missing_ok=True)
        step.make()
        step.stamp.parent.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(step.wanted)
        say(f"[{number}/{len(stale)}] {step.name}: done in {time.monotonic() - began:.0f} s")


def main(arguments: list[str]) -> int:
    goal = arguments[0] if arguments else "run"
    if goal not in {"run", "dev"}:
        print("usage: setup.py run|dev", file=sys.stderr)
        return 2
    if sys.version_info < OLDEST_PYTHON:
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    try:
        perform(steps_for(goal), lambda line: print(line, flush=True))
    except SetupError as exc:
        print(f"\nset-up stopped: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up was interrupted; the next start goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
