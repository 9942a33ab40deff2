"""Findings that are known and accepted for a time: `backend/audit-waivers.toml`.

A waiver names its tool, the finding, a reason and a last day. After that day it fails the check, whether or not the
finding is still there, so that nobody has to remember to look again.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "backend" / "audit-waivers.toml"
TOOLS = ("pip", "npm", "secrets")
LONGEST = dt.timedelta(days=366)
SHORTEST_REASON = 15


class WaiverError(Exception):
    """The file cannot be used; the message names the entry."""


@dataclass(frozen=True)
class Waiver:
    tool: str
    id: str
    reason: str
    expires: dt.date


@dataclass(frozen=True)
class Verdict:
    open: list[str]
    """Findings that nobody waived."""
    expired: list[Waiver]
    waived: list[Waiver]
    idle: list[Waiver]
    """Waivers that no finding needs any more."""

    @property
    def passes(self) -> bool:
        return not self.open and not self.expired


def load(path: Path, today: dt.date) -> list[Waiver]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("waiver", [])
    except (OSError, ValueError) as exc:
        raise WaiverError(f"{path.name} cannot be read: {exc}") from exc
    waivers = [_read(number, entry, today) for number, entry in enumerate(entries, 1)]
    seen = [(waiver.tool, waiver.id) for waiver in waivers]
    if twice := sorted({name for name in seen if seen.count(name) > 1}):
        raise WaiverError(f"waived twice: {' '.join(twice[0])}")
    return waivers


def _read(number: int, entry: dict[str, Any], today: dt.date) -> Waiver:
    where = f"waiver {number} ({entry.get('id', 'without id')})"
    if entry.keys() != {"tool", "id", "reason", "expires"}:
        raise WaiverError(f"{where}: it needs tool, id, reason and expires, and nothing else")
    if entry["tool"] not in TOOLS:
        raise WaiverError(f"{where}: tool is one of {', '.join(TOOLS)}")
    if not isinstance(entry["id"], str) or not entry["id"].strip():
        raise WaiverError(f"{where}: id names one finding")
    if not isinstance(entry["reason"], str) or len(entry["reason"].strip()) < SHORTEST_REASON:
        raise WaiverError(f"{where}: the reason says why the finding does no harm here")
    expires = entry["expires"]
    if not isinstance(expires, dt.date) or isinstance(expires, dt.datetime):
        raise WaiverError(f"{where}: expires is a date, such as 2030-01-31, without quotes")
    if expires - today > LONGEST:
        raise WaiverError(f"{where}: a waiver lasts a year at most")
    return Waiver(entry["tool"], entry["id"], entry["reason"], expires)


def judge(tool: str, found: Iterable[str], waivers: Iterable[Waiver], today: dt.date) -> Verdict:
    """The last day still counts."""
    names = set(found)
    own = [waiver for waiver in waivers if waiver.tool == tool]
    alive = [waiver for waiver in own if waiver.expires >= today]
    return Verdict(
        open=sorted(names - {waiver.id for waiver in own}),
        expired=[waiver for waiver in own if waiver.expires < today],
        waived=[waiver for waiver in alive if waiver.id in names],
        idle=[waiver for waiver in alive if waiver.id not in names],
    )


def tell(verdict: Verdict) -> None:
    for waiver in verdict.waived:
        print(f"waived until {waiver.expires}: {waiver.id}: {waiver.reason}")
    for waiver in verdict.idle:
        print(f"waiver no longer needed: {waiver.id}")
    for waiver in verdict.expired:
        print(f"EXPIRED on {waiver.expires}: {waiver.id}: {waiver.reason}")
