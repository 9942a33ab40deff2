"""What may be asked of git at all: judged before it is stored, and again where git is run."""

import re
from urllib.parse import urlsplit

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
