"""Looks for keys, tokens and passwords in the files that git knows, changed ones as they are now.

detect-secrets does the looking. A finding is named by the hash of its value, so that a waiver covers one value wherever
it stands and nothing else in that file. Values themselves are never printed.
"""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

import waivers

ROOT = Path(__file__).resolve().parent.parent

LEFT_OUT = (
    "KeywordDetector",  # names every `api_key = ...` of a test; ruff's S105 to S107 read the product for it
    "IPPublicDetector",  # an address is no secret
)
NOT_TEXT = {".png", ".ico", ".woff2", ".gz", ".zip"}
PASSED_OVER = (
    "detect_secrets.filters.heuristic.is_lock_file",
    "detect_secrets.filters.allowlist.is_line_allowlisted",  # exceptions stand in one file, with a date
)
"""Reasons for which detect-secrets would not report something, and we want it to."""
NOT_OURS = {"uv.lock", "package-lock.json"}
"""Hashes without end; a password in an address there is found by its own rule below."""


@dataclass(frozen=True)
class Leak:
    id: str
    kind: str
    place: str


def detectors() -> list[str]:
    names = {plugin.__name__ for plugin in get_mapping_from_secret_type_to_class().values()}
    return sorted(names - set(LEFT_OUT))


def tracked(root: Path) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    return [root / name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def scan(files: Iterable[Path], root: Path) -> list[Leak]:
    chosen = [path for path in files if path.suffix not in NOT_TEXT]
    locks = [path for path in chosen if path.name in NOT_OURS]
    leaks = _look([path for path in chosen if path not in locks], detectors(), root)
    return leaks + _look(locks, ["BasicAuthDetector"], root)


def _look(files: Iterable[Path], names: list[str], root: Path) -> list[Leak]:
    with transient_settings({"plugins_used": [{"name": name} for name in names]}) as settings:
        settings.disable_filters(*PASSED_OVER)
        return [
            Leak(f"sha1:{secret.secret_hash[:12]}", secret.type, f"{path.relative_to(root)}:{secret.line_number}")
            for path in files
            for secret in scan_file(str(path))
        ]


def main() -> int:
    today = dt.datetime.now(dt.UTC).date()
    files = tracked(ROOT)
    leaks = scan(files, ROOT)
    try:
        verdict = waivers.judge("secrets", (leak.id for leak in leaks), waivers.load(waivers.FILE, today), today)
    except waivers.WaiverError as exc:
        print(exc)
        return 1
    for leak in leaks:
        if leak.id in verdict.open:
            print(f"FOUND {leak.id}: {leak.kind} in {leak.place}")
    waivers.tell(verdict)
    print(f"{len(files)} files, {len(detectors())} detectors, {len(verdict.open)} open findings")
    if verdict.open:
        print(
            "Take a real one back and make a new one: it is in the history. Make up others from parts, or waive them."
        )
    return 0 if verdict.passes else 1


if __name__ == "__main__":
    sys.exit(main())
