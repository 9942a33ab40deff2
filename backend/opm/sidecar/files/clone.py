"""A repository in place of an empty workspace: cloned beside what is there, and put in its place only when whole."""

import asyncio
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from typing import TypeVar

from opm.sidecar.errors import Refused
from opm.sidecar.files import disk, git
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.faults import told
from opm.sidecar.files.programs import running
from opm.wire.workspace import CloneFailure, CloneLine, CloneOrder, CloneProgress

_BEAT = 2.0
"""So often at least something is told, so that silence means that the way is broken."""
_MEASURE = 1.0
_PACE = 0.1
"""What a server says of its progress may come at any speed."""
_LAST_WORDS = 20

T = TypeVar("T")
Tell = Callable[[CloneLine], None]


class Cloner:
    """One clone at a time. It ends with whoever asked for it."""

    def __init__(self, beneath: Beneath, pool: Executor, measure_seconds: float = _MEASURE) -> None:
        self._beneath = beneath
        self._pool = pool
        self._measure = measure_seconds
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def require_idle(self) -> None:
        if self._task is not None and not self._task.done():
            raise Refused(409, "A repository is being cloned into this workspace already.", reason="busy")

    async def lines(self, order: CloneOrder) -> AsyncGenerator[bytes]:
        """In a task of its own, which is cancelled but once and so can clean up behind itself."""
        self.require_idle()
        news: asyncio.Queue[CloneLine] = asyncio.Queue()
        self._task = task = asyncio.create_task(self._to_the_end(order, news.put_nowait))
        last = CloneLine(progress=CloneProgress(phase="starting"))
        try:
            while True:
                yield last.model_dump_json(exclude_none=True).encode() + b"\n"
                if last.done or last.failure:
                    return
                try:
                    async with asyncio.timeout(_BEAT):
                        last = await news.get()
                except TimeoutError:
                    continue
        finally:
            task.cancel()

    async def _to_the_end(self, order: CloneOrder, tell: Tell) -> None:
        try:
            failure = await self._clone(order, tell)
        except Refused as refused:
            failure = CloneFailure(reason=str(refused.details.get("reason", "refused")), message=refused.message)
        tell(CloneLine(failure=failure) if failure else CloneLine(done=True))

    async def _clone(self, order: CloneOrder, tell: Tell) -> CloneFailure | None:
        draft = disk.DRAFT + secrets.token_hex(8)
        with self._beneath.directory(b"") as workspace:
            await self._do(lambda: disk.forget(workspace, *disk.drafts(workspace)))
            try:
                failure = await self._git(order, draft, workspace, tell)
                if failure is None:
                    await self._do(lambda: disk.settle(workspace, draft))
            finally:
                await self._do(lambda: disk.forget(workspace, draft))
        return failure

    async def _git(self, order: CloneOrder, draft: str, workspace: int, tell: Tell) -> CloneFailure | None:
        with git.handed_over(order) as secret:
            starting = running(
                git.arguments(order, draft, secret),
                workspace,
                git.environment(order),
                stdout=asyncio.subprocess.DEVNULL,
                descriptors=() if secret is None else (secret,),
            )
            async with starting as process:
                try:
                    async with asyncio.timeout(order.seconds):
                        return await self._watched(process, order, draft, workspace, tell)
                except TimeoutError:
                    return CloneFailure(
                        reason="timeout", message=f"The clone was not done within {order.seconds:.0f} seconds."
                    )

    async def _watched(
        self, process: asyncio.subprocess.Process, order: CloneOrder, draft: str, workspace: int, tell: Tell
    ) -> CloneFailure | None:
        following = asyncio.create_task(_follow(process, order, tell))
        measuring = asyncio.create_task(self._until_too_large(workspace, draft, order.most_bytes))
        try:
            await asyncio.wait({following, measuring}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                measuring.result()
                return _too_large(order)
            said = following.result()
            if await process.wait():
                return git.failure_of(said)
            used = await self._do(lambda: disk.used(workspace, draft))
            return _too_large(order) if used > order.most_bytes else None
        finally:
            following.cancel()
            measuring.cancel()
            await asyncio.gather(following, measuring, return_exceptions=True)

    async def _until_too_large(self, workspace: int, draft: str, most: int) -> None:
        while True:
            if await self._do(lambda: disk.used(workspace, draft)) > most:
                return
            await asyncio.sleep(self._measure)

    async def _do(self, work: Callable[[], T]) -> T:
        """A thread cannot be called back: whoever is cancelled waits for it, and nothing is done beside it."""
        with told():
            working = asyncio.get_running_loop().run_in_executor(self._pool, work)
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                await asyncio.wait({working})
                raise


def _too_large(order: CloneOrder) -> CloneFailure:
    most = order.most_bytes >> 20
    return CloneFailure(reason="too_large", message=f"The repository takes more than the {most} MiB it may.")


async def _follow(process: asyncio.subprocess.Process, order: CloneOrder, tell: Tell) -> list[str]:
    """Tells how far it is; gives what else was said, the last of it."""
    assert process.stderr is not None  # noqa: S101 - asked for
    said: deque[str] = deque(maxlen=_LAST_WORDS)
    rest, known, told = b"", set[str](), 0.0
    while piece := await process.stderr.read(8 << 10):
        *lines, rest = re.split(rb"[\r\n]", rest + piece)
        rest = rest[-(4 << 10) :]
        for line in lines:
            text = git.plain(line, order)
            progress = git.progress_of(text)
            if progress is None:
                said.append(text)
            elif progress.phase not in known or time.monotonic() - told >= _PACE:
                known.add(progress.phase)
                told = time.monotonic()
                tell(CloneLine(progress=progress))
    return [*said, git.plain(rest, order)]
