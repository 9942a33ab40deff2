"""Writes the output of a run in natural batches: whatever came while the batch before it was being saved."""

import asyncio

import orjson

from opm.server.features.sessions.runs import Claim
from opm.server.wiring import Ports
from opm.wire.events import AnyOutput, Output, OutputError, OutputTool


class Recorder:
    """A first piece costs one commit, a flood costs few. Beyond `limit` bytes no text is kept, and of tool calls only
    that they were made."""

    def __init__(self, ports: Ports, claim: Claim, limit: int) -> None:
        self._ports = ports
        self._claim = claim
        self._left = limit
        self._sizes: dict[str, int] = {}
        """Of tool calls, the most that each has said: a state replaces the one before, and says all of it again."""
        self._pending: list[AnyOutput] = []
        self._more = asyncio.Event()
        self._saved = asyncio.Event()
        self._saved.set()

    def put(self, *events: AnyOutput) -> None:
        for event in events:
            self._left -= self._more_than_before(event)
            if self._left >= 0:
                self._pending.append(event)
            elif not isinstance(event, Output):
                self._pending.append(_bare(event))
        if self._left < 0 and not self._truncated:
            self._truncated = True
            self._pending.append(OutputError(name="Truncated", message="The output is too long to be kept whole."))
        self._saved.clear()
        self._more.set()

    def _more_than_before(self, event: AnyOutput) -> int:
        size = _size(event)
        if not isinstance(event, OutputTool):
            return size
        before = self._sizes.get(event.part_id, 0)
        self._sizes[event.part_id] = max(size, before)
        return max(size - before, 0)

    _truncated = False

    async def run(self) -> None:
        """Until cancelled. Raises `Fenced` when the run is somebody else's now."""
        while True:
            await self._more.wait()
            self._more.clear()
            batch, self._pending = merged(self._pending), []
            if batch:
                async with self._ports.scope() as scope:
                    await scope.runs.append(self._claim, batch)
            if not self._pending:
                self._saved.set()

    async def flush(self) -> None:
        """Wait until everything put so far is saved."""
        await self._saved.wait()


def _size(event: AnyOutput) -> int:
    if isinstance(event, Output):
        return _bytes(event.data)
    if isinstance(event, OutputTool):
        said = (event.title, event.output, event.error, event.diff)
        return len(orjson.dumps(event.input, default=str)) + sum(_bytes(text) for text in said if text)
    return 0


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))


def _bare(event: AnyOutput) -> AnyOutput:
    if not isinstance(event, OutputTool):
        return event
    return event.model_copy(
        update={"title": (event.title or "")[:200] or None, "input": {}, "output": None, "error": None, "diff": None}
    )


def merged(events: list[AnyOutput]) -> list[AnyOutput]:
    """Neighbouring pieces of one text as one; of a tool call's repeated states only the last."""
    last = {e.part_id: i for i, e in enumerate(events) if isinstance(e, OutputTool)}
    made: list[AnyOutput] = []
    for i, event in enumerate(events):
        if isinstance(event, OutputTool) and last[event.part_id] != i:
            continue
        before = made[-1] if made else None
        if (
            isinstance(event, Output)
            and isinstance(before, Output)
            and (before.part_id, before.kind) == (event.part_id, event.kind)
        ):
            made[-1] = before.model_copy(update={"data": before.data + event.data})
        else:
            made.append(event)
    return made
