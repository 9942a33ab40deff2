"""A file as it was in the last commit."""

import asyncio
import os
from collections.abc import Mapping

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath, openat2
from opm.sidecar.files.programs import running

LARGEST = 10 << 20
_SECONDS = 10.0
_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Git reads the repository's own configuration, which the agent writes; none of it may start a program or a connection.
_ENVIRONMENT: Mapping[str, str] = {
    "GIT_DIR": ".git",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*")


async def original(beneath: Beneath, path: bytes) -> bytes:
    """The stored bytes, through no filter."""
    with beneath.directory(b"") as workspace:
        try:
            os.close(openat2(workspace, b".git", _ENTER, links=False))
        except OSError:
            raise Refused(404, "The workspace is not a git repository.", reason="no_repository") from None
        async with running(["git", *_QUIET, "cat-file", "blob", b"HEAD:" + path], workspace, _ENVIRONMENT) as process:
            assert process.stdout is not None  # noqa: S101 - asked for
            found = bytearray()
            try:
                async with asyncio.timeout(_SECONDS):
                    while piece := await process.stdout.read(256 << 10):
                        found += piece
                        if len(found) > LARGEST:
                            raise Refused(413, "The committed file is larger than 10 MiB.", limit=LARGEST)
                    status = await process.wait()
            except TimeoutError:
                raise Refused(503, "Git did not answer in time; try again.", reason="timeout") from None
    if status:
        raise Refused(404, "The file is not in the last commit.", reason="not_committed")
    return bytes(found)
