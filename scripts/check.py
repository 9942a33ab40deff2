"""Runs every check, cheap ones first and two at a time, and ends with one table of what passed and what it cost.

All of them run even when one fails, so that a single pass shows everything there is to mend. Words given on
the command line choose checks by name: `make check ARGS="lint types"`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
    alone: bool = False
    """Takes all processors, or writes what others read; its words are shown as they come."""
    again: tuple[str, ...] = ()
    """Tries what failed once more, where `OPM_TRY_AGAIN` asks for it: a test waits for seconds on a busy machine."""


NOT_RUN = 75
"""Of a check that could not look (EX_TEMPFAIL): no failure, and never shown as a pass."""

PYTEST = [f"{BIN}/python", "-m", "pytest", "--durations", "15"]
# tests wait as well as work, so there is one process more than processors
SHARED_OUT = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup", "--no-loadscope-reorder"]

CHECKS = [
    Check("types", [f"{BIN}/pyright"]),
    Check("format", [f"{BIN}/ruff", "format", "--check", ".", *SCRIPTS]),
    Check("lint", [f"{BIN}/ruff", "check", ".", *SCRIPTS]),
    Check("web-lint", ["npm", "run", "--silent", "lint"], FRONTEND),
    Check("contracts", [f"{BIN}/lint-imports", "--no-cache"]),
    Check("generated", [f"{BIN}/python", str(ROOT / "scripts" / "generate.py"), "--check"], ROOT, alone=True),
    Check("web-types", ["npm", "run", "--silent", "types"], FRONTEND),
    Check("bandit", [f"{BIN}/bandit", "--recursive", "--quiet", "--configfile", "pyproject.toml", "opm"]),
    Check("secrets", [f"{BIN}/python", str(ROOT / "scripts" / "scan_secrets.py")], ROOT),
    Check("pip-audit", [f"{BIN}/python", str(ROOT / "scripts" / "audit.py"), "pip"], ROOT),
    Check("npm-audit", [f"{BIN}/python", str(ROOT / "scripts" / "audit.py"), "npm"], ROOT),
    Check("web-test", ["npm", "run", "--silent", "test"], FRONTEND, alone=True),
    Check(
        "test",
        [*PYTEST, *SHARED_OUT, "--ignore", "tests/e2e"],
        alone=True,
        again=(*PYTEST, "--last-failed", "--ignore", "tests/e2e"),
    ),
    # a browser, an agent and a server at a time are work enough for two processors
    Check("stories", [*PYTEST, "tests/e2e"], alone=True, again=(*PYTEST, "--last-failed", "tests/e2e")),
]


@dataclass(frozen=True)
class Outcome:
    name: str
    status: int
    seconds: float
    said: str = ""
    second: bool = False
    """It passed only when what had failed was tried again."""


def title(check: Check) -> str:
    return f"\n=== {check.name}: {' '.join(check.command)}"


def perform(check: Check) -> Outcome:
    began, said = time.monotonic(), ""
    kept = {} if check.alone else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        done = subprocess.run(check.command, cwd=check.cwd, stdin=subprocess.DEVNULL, check=False, **kept)
        status, said = done.returncode, done.stdout or ""
    except FileNotFoundError as exc:
        status, said = 127, f"cannot start: {exc}. Run `make setup`.\n"
    second = False
    if status == 1 and check.again and os.environ.get("OPM_TRY_AGAIN") == "true":
        print(f"\n=== {check.name}, what failed, once more", flush=True)
        status = subprocess.run(check.again, cwd=check.cwd, stdin=subprocess.DEVNULL, check=False).returncode
        second = status == 0
    return Outcome(check.name, status, time.monotonic() - began, said, second)


def performed(checks: list[Check]) -> Iterator[Outcome]:
    """Those that can share, then those that want to be alone; what is said of each stands together."""
    light, heavy = ([check for check in checks if check.alone is alone] for alone in (False, True))
    with ThreadPoolExecutor(max_workers=2) as two:
        for check, outcome in zip(light, two.map(perform, light), strict=True):
            print(title(check), outcome.said, sep="\n", end="", flush=True)
            yield outcome
    for check in heavy:
        print(title(check), flush=True)
        outcome = perform(check)
        print(outcome.said, end="")
        yield outcome


def summary(outcomes: list[Outcome]) -> str:
    words = {0: "ok", NOT_RUN: "NOT RUN"}
    lines = [
        f"  {words.get(outcome.status, 'FAILED'):<7} {outcome.seconds:7.1f} s  {outcome.name}" for outcome in outcomes
    ]
    failed = [outcome.name for outcome in outcomes if outcome.status not in words]
    idle = [outcome.name for outcome in outcomes if outcome.status == NOT_RUN]
    verdict = f"{len(failed)} of {len(outcomes)} checks failed: {', '.join(failed)}" if failed else "all passed"
    if again := [outcome.name for outcome in outcomes if outcome.second]:
        verdict += f"; ONLY WHEN TRIED AGAIN, what failed first is above: {', '.join(again)}"
    if idle:
        verdict += f"; NOT RUN, the reason is above: {', '.join(idle)}"
    return "\n".join(["", "=== summary", *lines, verdict])


def main(names: list[str]) -> int:
    known = [check.name for check in CHECKS]
    if unknown := sorted(set(names) - set(known)):
        print(f"no such check: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    outcomes = list(performed([check for check in CHECKS if not names or check.name in names]))
    print(summary(outcomes), flush=True)
    return 1 if any(outcome.status not in {0, NOT_RUN} for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
