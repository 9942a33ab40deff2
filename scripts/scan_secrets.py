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
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.filters.heuristic import is_potential_uuid, is_sequential_string, is_templated_secret
from detect_secrets.settings import transient_settings

import waivers

ROOT = Path(__file__).resolve().parent.parent

LEFT_OUT = (
    "KeywordDetector",  # names every `api_key = ...` of a test; ruff's S105 to S107 read the product for it
    "IPPublicDetector",  # an address is no secret
)
SHORTEST_LINE = 16
UNQUOTED = {".yml", ".yaml", ".ini", ".cfg", ".env"}
"""Where values stand without quotes, which only the slow way of detect-secrets reads."""
NOT_TEXT = {".png", ".ico", ".woff2", ".gz", ".zip"}
NOT_OURS = {"uv.lock", "package-lock.json", "go.sum"}
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
    """Line by line with the detectors themselves: the library's own way through a file takes six times as long.

    Its excuses (lock files, `pragma: allowlist` comments) are not asked for; exceptions stand in one file, with a date.
    """
    known = get_mapping_from_secret_type_to_class().values()
    plugins = [plugin() for plugin in known if plugin.__name__ in names]
    leaks: dict[tuple[str, str], Leak] = {}
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if len(line) >= SHORTEST_LINE:
                for plugin in plugins:
                    _note(plugin.analyze_line(filename=str(path), line=line, line_number=number), path, root, leaks)
        if path.suffix in UNQUOTED or path.name.startswith(".env"):
            with transient_settings({"plugins_used": [{"name": name} for name in names]}):
                _note(scan_file(str(path)), path, root, leaks)
    return list(leaks.values())


def _note(secrets: Iterable[PotentialSecret], path: Path, root: Path, leaks: dict[tuple[str, str], Leak]) -> None:
    for secret in secrets:
        value = secret.secret_value or ""
        if is_templated_secret(value) or is_sequential_string(value) or is_potential_uuid(value):
            continue
        place = f"{path.relative_to(root)}:{secret.line_number}"
        leak = Leak(f"sha1:{secret.secret_hash[:12]}", secret.type, place)
        leaks.setdefault((leak.id, place), leak)


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
