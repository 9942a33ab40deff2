"""Runs every check, cheap ones first, and ends with one table of what passed and what it cost.

All of them run even when one fails, so that a single pass shows everything there is to mend. Words given on
the command line choose checks by name: `make check ARGS="lint types"`.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
BIN = BACKEND / ".venv" / "bin"
SCRIPTS = [*(str(path) for path in sorted((ROOT / "scripts").glob("*.py"))), str(ROOT / "deploy" / "testcluster")]


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]
    cwd: Path = BACKEND


NOT_RUN = 75
"""Of a check that could not look (EX_TEMPFAIL): no failure, and never shown as a pass."""

PYTEST = [f"{BIN}/python", "-m", "pytest", "--durations", "15"]
# One more than there are processors: what waits for an agent or a database leaves them idle.
SHARED_OUT = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup"]

CHECKS = [
    Check("format", [f"{BIN}/ruff", "format", "--check", ".", *SCRIPTS]),
    Check("lint", [f"{BIN}/ruff", "check", ".", *SCRIPTS]),
    Check("web-lint", ["npm", "run", "--silent", "lint"], FRONTEND),
    Check("contracts", [f"{BIN}/lint-imports", "--no-cache"]),
    Check("generated", [f"{BIN}/python", str(ROOT / "scripts" / "generate.py"), "--check"], ROOT),
    Check("web-types", ["npm", "run", "--silent", "types"], FRONTEND),
    Check("bandit", [f"{BIN}/bandit", "--recursive", "--quiet", "--configfile", "pyproject.toml", "opm"]),
    Check("secrets", [f"{BIN}/python", str(ROOT / "scripts" / "scan_secrets.py")], ROOT),
    Check("pip-audit", [f"{BIN}/python", str(ROOT / "scripts" / "audit.py"), "pip"], ROOT),
    Check("npm-audit", [f"{BIN}/python", str(ROOT / "scripts" / "audit.py"), "npm"], ROOT),
    Check("types", [f"{BIN}/pyright"]),
    Check("web-test", ["npm", "run", "--silent", "test"], FRONTEND),
    Check("test", [*PYTEST, *SHARED_OUT, "--ignore", "tests/e2e"]),
    # a browser, an agent and a server at a time are work enough for two processors
    Check("stories", [*PYTEST, "tests/e2e"]),
]


@dataclass(frozen=True)
class Outcome:
    name: str
    status: int
    seconds: float


def perform(check: Check) -> Outcome:
    print(f"\n=== {check.name}: {' '.join(check.command)}", flush=True)
    began = time.monotonic()
    try:
        status = subprocess.run(check.command, cwd=check.cwd, stdin=subprocess.DEVNULL, check=False).returncode
    except FileNotFoundError as exc:
        print(f"cannot start: {exc}. Run `make setup`.")
        status = 127
    return Outcome(check.name, status, time.monotonic() - began)


def summary(outcomes: list[Outcome]) -> str:
    words = {0: "ok", NOT_RUN: "NOT RUN"}
    lines = [
        f"  {words.get(outcome.status, 'FAILED'):<7} {outcome.seconds:7.1f} s  {outcome.name}" for outcome in outcomes
    ]
    failed = [outcome.name for outcome in outcomes if outcome.status not in words]
    idle = [outcome.name for outcome in outcomes if outcome.status == NOT_RUN]
    verdict = f"{len(failed)} of {len(outcomes)} checks failed: {', '.join(failed)}" if failed else "all passed"
    if idle:
        verdict += f"; NOT RUN, the reason is above: {', '.join(idle)}"
    return "\n".join(["", "=== summary", *lines, verdict])


def main(names: list[str]) -> int:
    known = [check.name for check in CHECKS]
    if unknown := sorted(set(names) - set(known)):
        print(f"no such check: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    outcomes = [perform(check) for check in CHECKS if not names or check.name in names]
    print(summary(outcomes), flush=True)
    return 1 if any(outcome.status not in {0, NOT_RUN} for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
