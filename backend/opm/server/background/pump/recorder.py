"""Writes the output of a run in natural batches: whatever came while the batch before it was being saved."""

import asyncio

from opm.server.features.sessions.runs import Claim
from opm.server.wiring import Ports
from opm.wire.events import AnyOutput, Output, OutputError, OutputTool


class Recorder:
    """A first piece costs one commit, a flood costs few. Nothing is kept beyond `limit` bytes of text."""

    def __init__(self, ports: Ports, claim: Claim, limit: int) -> None:
        self._ports = ports
        self._claim = claim
        self._left = limit
        self._pending: list[AnyOutput] = []
        self._more = asyncio.Event()
        self._saved = asyncio.Event()
        self._saved.set()

    def put(self, *events: AnyOutput) -> None:
        for event in events:
            self._left -= len(event.data) if isinstance(event, Output) else 0
            if self._left < 0 and isinstance(event, Output):
                continue
            self._pending.append(event)
        if self._left < 0 and not self._truncated:
            self._truncated = True
            self._pending.append(OutputError(name="Truncated", message="The output is too long to be kept whole."))
        self._saved.clear()
        self._more.set()

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
