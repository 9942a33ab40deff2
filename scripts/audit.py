"""Asks the advisory services about every locked package: `audit.py pip` and `audit.py npm`.

An audit that did not take place must not look like one that found nothing. Where a service cannot be reached or knows
nothing of the packages, a line says NOT AUDITED and the status is 75; with OPM_AUDIT=required it is 1.
"""

import argparse
import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import waivers

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
BIN = BACKEND / ".venv" / "bin"
NOT_RUN = 75
SEVERE = ("high", "critical")
PATIENCE = 120

UNREACHABLE = re.compile(r"connect|timed? ?out|resolve|unreachable|service unavailable|proxy", re.IGNORECASE)


class NotAudited(Exception):
    """Nobody answered; the message says who and how."""


class AuditError(Exception):
    """The audit itself is broken; the message holds the tool's own words."""


@dataclass
class Findings:
    known: dict[str, str] = field(default_factory=dict[str, str])
    """Id of each advisory that counts, and what it says in a line."""
    minor: dict[str, str] = field(default_factory=dict[str, str])
    """Told, and no reason to fail."""
    unanswered: list[str] = field(default_factory=list[str])
    """Packages that the service did not know."""
    packages: int = 0


def run(command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise NotAudited(f"no answer within {PATIENCE} s") from exc


def export_lock(target: Path) -> None:
    """Everything that is locked, tools of development included, each with its hashes."""
    uv = [str(ROOT / ".tools" / "bin" / "uv"), "export", "--project", str(BACKEND), "--locked", "--quiet"]
    done = run([*uv, "--no-emit-project", "--no-header", "--output-file", str(target)], BACKEND)
    if done.returncode:
        raise AuditError(done.stderr)


def audit_python(requirements: Path, service: Sequence[str] = ()) -> Findings:
    """`service` are further words for pip-audit; by default it asks PyPI."""
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--desc", "off", "--progress-spinner", "off"]
    done = run([f"{BIN}/pip-audit", "--requirement", str(requirements), *options, *service], BACKEND)
    try:
        return read_python(json.loads(done.stdout))
    except ValueError as exc:
        raise _silence(done.stderr) from exc


def read_python(report: dict[str, Any]) -> Findings:
    """pip-audit ends well when the service knows no package at all; what it skipped is counted here."""
    found = Findings(packages=len(report["dependencies"]))
    for package in report["dependencies"]:
        if "skip_reason" in package:
            found.unanswered.append(package["name"])
        for flaw in package.get("vulns", []):
            fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
            found.known[flaw["id"]] = f"{package['name']} {package['version']}, mended in {fixed}"
    return found


def audit_web(folder: Path, service: Sequence[str] = ()) -> Findings:
    done = run(["npm", "audit", "--json", *service], folder)
    try:
        report = json.loads(done.stdout)
    except ValueError as exc:
        raise _silence(done.stderr) from exc
    if "vulnerabilities" not in report:
        raise NotAudited(str(report.get("message") or report.get("error", {}).get("summary") or "no report"))
    return read_web(report)


def read_web(report: dict[str, Any]) -> Findings:
    """Advisories stand under the package they are about; those above it only name it."""
    found = Findings(packages=report["metadata"]["dependencies"]["total"])
    for name, package in report["vulnerabilities"].items():
        for flaw in package["via"]:
            if isinstance(flaw, dict):
                shelf = found.known if flaw["severity"] in SEVERE else found.minor
                shelf[flaw["url"].rpartition("/")[2]] = f"{flaw['severity']}: {name} {flaw['range']}: {flaw['title']}"
    return found


def _silence(said: str) -> Exception:
    """Why there was no report: nobody there, or something broken that no network mends."""
    last = said.strip().splitlines()[-1] if said.strip() else "no report and no words"
    return NotAudited(last) if UNREACHABLE.search(said) else AuditError(said)


def conclude(tool: str, found: Findings, known: list[waivers.Waiver], today: dt.date) -> int:
    verdict = waivers.judge(tool, found.known, known, today)
    for number, line in sorted(found.minor.items()):
        print(f"minor: {number}: {line}")
    for number in verdict.open:
        print(f"FOUND {number}: {found.known[number]}")
    waivers.tell(verdict)
    if not verdict.passes:
        return 1
    if found.unanswered:
        raise NotAudited(f"the service knows nothing of {len(found.unanswered)} of {found.packages} packages")
    print(f"{found.packages} packages, no open advisory")
    return 0


def not_audited(tool: str, reason: str) -> int:
    required = os.environ.get("OPM_AUDIT") == "required"
    print(f"NOT AUDITED: {tool} packages were not compared with any advisory: {reason}")
    if not required:
        print("Run this where the advisory service can be reached; with OPM_AUDIT=required it fails instead.")
    return 1 if required else NOT_RUN


def audit(tool: str, service: Sequence[str]) -> Findings:
    if tool == "npm":
        return audit_web(FRONTEND, service)
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        export_lock(requirements)
        return audit_python(requirements, service)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=["pip", "npm"])
    parser.add_argument("service", nargs="*", help="further words for the tool, after --")
    given = parser.parse_args(arguments)
    today = dt.datetime.now(dt.UTC).date()
    try:
        known = waivers.load(waivers.FILE, today)
        lapsed = waivers.judge(given.tool, (), known, today).expired
        try:
            return conclude(given.tool, audit(given.tool, given.service), known, today)
        except NotAudited as exc:
            status = not_audited(given.tool, str(exc))
            waivers.tell(waivers.Verdict([], lapsed, [], []))
            return 1 if lapsed else status
    except (AuditError, waivers.WaiverError) as exc:
        print(f"the audit could not be made: {exc}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
