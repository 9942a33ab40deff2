"""Filling a workspace: what the controller orders of the files sidecar, and what that tells while it works.

The answer to an order is a stream of lines, one `CloneLine` as JSON each; the last one says how it ended.
"""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

LONGEST_URL = 2000
LONGEST_REF = 255

ClonePhase = Literal["starting", "counting", "compressing", "receiving", "resolving", "writing"]


class CloneOrder(BaseModel):
    """``addresses`` are those the host was judged by: git connects to them and to no other."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST_URL)
    ref: str | None = Field(default=None, max_length=LONGEST_REF)
    depth: int | None = Field(default=None, ge=1)
    addresses: list[str] = Field(default_factory=list, max_length=64)
    username: str = Field(default="", max_length=255, repr=False)
    token: str = Field(default="", max_length=4096, repr=False)
    seconds: float = Field(default=900, gt=0)
    most_bytes: int = Field(default=10 << 30, gt=0)


class CloneProgress(BaseModel):
    phase: ClonePhase
    percent: int | None = None


class CloneFailure(BaseModel):
    reason: str
    message: str


class CloneLine(BaseModel):
    """One of the three."""

    progress: CloneProgress | None = None
    failure: CloneFailure | None = None
    done: bool = False


_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:.]+", re.IGNORECASE)
_ODD = re.compile(r"[\s\\\x00-\x1f\x7f\"'<>^`{|}]|[^\x21-\x7e]")
_BAD_REF = re.compile(r"^[-/.]|\.\.|@\{|//|[\x00-\x20\x7f~^:?*\[\\]|[/.]$|\.lock$")


def url_problem(url: str) -> str | None:
    """Why git may not be given this address, and what to enter instead; None: it may."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "This is not an address."
    if "://" not in url and re.fullmatch(r"[^/\s]+@[^/\s]+:.+", url):
        return "An address begins with https://; instead of git@host:path enter https://host/path."
    if parts.scheme not in {"https", "http"} or not url.lower().startswith(f"{parts.scheme}://"):
        return "An address begins with https://; other ways to reach a repository are not offered."
    if "@" in parts.netloc:
        return "Leave name and token out of the address; they have fields of their own."
    if _ODD.search(url):
        return "This address holds characters that do not belong there; write them as %xx."
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "The address of a repository has neither ? nor #."
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        return "This address names no host."
    if not parts.path.strip("/"):
        return "This address names a host and no repository on it."
    return None


def ref_problem(ref: str) -> str | None:
    """Why this cannot be a branch or tag; None: it can."""
    if _BAD_REF.search(ref) or ref == "@":
        return "This is not the name of a branch or tag."
    return None


def secret_problem(text: str) -> str | None:
    """Lines and NULs would end the entry in which git is told the secret."""
    return "It must not hold line breaks or control characters." if re.search(r"[\x00-\x1f\x7f]", text) else None
