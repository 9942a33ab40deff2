"""How git is run to clone, and what its words mean. Nothing of this machine's configuration, and no program that a
repository names, takes part: no hook, filter, helper, submodule or redirect."""

import os
import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from opm.wire.workspace import CloneFailure, CloneOrder, ClonePhase, CloneProgress

_SETTINGS = (
    "protocol.allow=never",
    "http.followRedirects=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "credential.helper=",
    "init.defaultBranch=main",
    "advice.detachedHead=false",
    "safe.directory=*",
)
_PORTS = {"https": 443, "http": 80}
_LONGEST_LINE = 300
_USUAL_NAME = "git"  # hosts that take a token in place of a password mind the name little, but want one

_PHASES: Mapping[str, ClonePhase] = {
    "Counting objects": "counting",
    "Compressing objects": "compressing",
    "Receiving objects": "receiving",
    "Resolving deltas": "resolving",
    "Updating files": "writing",
}
_PROGRESS = re.compile(r"(?:remote: )?([A-Z][a-z]+ [a-z]+):\s+(\d+)%")
_MEANINGS = (
    (
        "redirect",
        r"redirect|error: 30\d",
        "The server redirects to another address; enter that one. Often it is the same with .git at its end.",
    ),
    (
        "authentication",
        r"could not read (Username|Password)|Authentication failed|error: 40[13]\b|HTTP 40[13]",
        "The server wants a sign-in for this repository, or refused the one given: enter a token that may read it.",
    ),
    ("no_such_ref", r"Remote branch .* not found|Could not find remote branch", "There is no such branch or tag."),
    (
        "not_found",
        r"not found|error: 404|does not appear to be a git repository|not valid: is this a git repository",
        "There is no repository at this address, or it cannot be seen without a sign-in.",
    ),
    ("certificate", r"certificate|SSL|TLS|gnutls", "The server cannot be trusted: its certificate was not accepted."),
    ("disk_full", r"No space left|Disk quota", "The workspace is full: the repository does not fit."),
    ("stalled", r"too slow", "The server sent nothing for a minute."),
    (
        "unreachable",
        r"Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out)|timed out",
        "The server cannot be reached from the pod.",
    ),
)


def arguments(order: CloneOrder, draft: str, secret: int | None) -> list[str]:
    parts = urlsplit(order.url)
    settings = [*_SETTINGS, f"protocol.{parts.scheme}.allow=always"]
    if order.addresses and not _is_number(parts.hostname or ""):
        port = parts.port or _PORTS[parts.scheme]
        listed = ",".join(f"[{address}]" if ":" in address else address for address in order.addresses)
        settings.append(f"http.curloptResolve={parts.hostname}:{port}:{listed}")
    if secret is not None:
        helper = f'!f() {{ test "$1" = get && cat /proc/self/fd/{secret}; }}; f'
        settings.append(f"credential.{parts.scheme}://{parts.netloc}.helper={helper}")
    words = ["git", *(word for setting in settings for word in ("-c", setting))]
    words += ["clone", "--progress", "--template=", "--origin=origin", "--no-recurse-submodules"]
    words += [f"--branch={order.ref}"] if order.ref else []
    words += [f"--depth={order.depth}"] if order.depth else []
    return [*words, "--", order.url, draft]


def _is_number(host: str) -> bool:
    """An address of its own, which leads nowhere else."""
    return ":" in host or host.replace(".", "").isdigit()


def environment(order: CloneOrder) -> dict[str, str]:
    return {
        # no home: curl would take a sign-in out of its .netrc
        "HOME": "/dev/null",
        "GIT_ALLOW_PROTOCOL": urlsplit(order.url).scheme,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1",
        "GIT_HTTP_LOW_SPEED_TIME": "60",
    }


@contextmanager
def handed_over(order: CloneOrder) -> Generator[int | None]:
    """A pipe that holds the sign-in, to be read once by git: it stands in no argument, variable or file."""
    if not order.token and not order.username:
        yield None
        return
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(f"username={order.username or _USUAL_NAME}\npassword={order.token}\n".encode())
        yield reading
    finally:
        os.close(reading)


def progress_of(line: str) -> CloneProgress | None:
    found = _PROGRESS.match(line)
    phase = _PHASES.get(found.group(1)) if found else None
    return CloneProgress(phase=phase, percent=min(int(found.group(2)), 100)) if found and phase else None


def plain(line: bytes, order: CloneOrder) -> str:
    """One line of what git said, without the secret and without what a terminal would take for an order."""
    text = "".join(c for c in line.decode("utf-8", "replace") if c.isprintable()).strip()
    return (text.replace(order.token, "***") if order.token else text)[:_LONGEST_LINE]


def failure_of(said: Iterable[str]) -> CloneFailure:
    lines = [line for line in said if line]
    # what the server itself says comes first and may say anything; how git ends is git's own
    own = [line for line in lines if line.startswith(("fatal:", "error:"))]
    for reason, pattern, message in _MEANINGS:
        if any(re.search(pattern, line, re.IGNORECASE) for line in own):
            return CloneFailure(reason=reason, message=message)
    last = (own or lines or ["it did not say why."])[-1]
    return CloneFailure(reason="git", message=f"The repository could not be cloned; git says: {last}")
