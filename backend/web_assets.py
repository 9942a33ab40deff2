"""Where the built front end lies inside the package, and what it was built from.

Standard library only: the build hook loads this inside an isolated build, `scripts/setup.py` before anything
is installed.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "opm" / "_web"
STAMP = ASSETS / ".stamp"
FRONTEND = HERE.parent / "frontend"

NOT_INPUTS = {"node_modules", "dist", "coverage", "test-results"}


def inputs(frontend: Path = FRONTEND) -> list[Path]:
    """Every file the build could read; tests are no part of it, so editing one costs no build."""
    found: list[Path] = []
    for entry in sorted(frontend.iterdir()):
        if entry.name.startswith(".") or entry.name in NOT_INPUTS:
            continue
        files = [entry] if entry.is_file() else (path for path in entry.rglob("*") if path.is_file())
        found.extend(path for path in files if ".test." not in path.name)
    return sorted(found)


def digest(frontend: Path = FRONTEND) -> str:
    total = hashlib.sha256()
    for path in inputs(frontend):
        total.update(path.relative_to(frontend).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def are_fresh(frontend: Path = FRONTEND, stamp: Path = STAMP) -> bool:
    return stamp.is_file() and stamp.read_text() == digest(frontend)
