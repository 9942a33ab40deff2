"""ripgrep and git, run over a workspace that may be hostile: arguments only, no configuration of its, bounded."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from opm.sidecar.errors import Refused

LONGEST_LINE = 16 << 20
_COMPLAINT = 2_000


@asynccontextmanager
async def running(
    arguments: Sequence[str | bytes],
    directory: int,
    environment: Mapping[str, str],
    *,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
    descriptors: Sequence[int] = (),
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """In the directory of a descriptor, which no rename can lead elsewhere. Its whole group ends with the block.

    Of our `descriptors` it inherits those named, under the same numbers.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=f"/proc/self/fd/{directory}",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **environment},
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except FileNotFoundError:
        raise Refused(
            503, f"{os.fsdecode(arguments[0])} is not installed where the pod runs; install it there.", reason="missing"
        ) from None
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def complaint(process: asyncio.subprocess.Process) -> str:
    """The beginning of what the program said on stderr."""
    assert process.stderr is not None  # noqa: S101 - asked for above
    return (await process.stderr.read(_COMPLAINT)).decode("utf-8", "replace").strip()
