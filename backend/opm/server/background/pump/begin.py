"""The start of a run: a new prompt, sent once; or the taking over of one that an earlier driver had sent."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from opm.server.background.pump.context import Run, interrupted
from opm.server.background.pump.feed import Connected, Lost
from opm.server.background.pump.lineage import descendants, words
from opm.server.background.pump.settle import outcome_of, settle
from opm.server.clients.translate import asked, parts_of
from opm.server.clients.verdict import answers_to
from opm.server.core.errors import NotFound, Unavailable
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.sessions.runs import Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.wire.events import Output, OutputChild, OutputSnapshot, OutputStatus, OutputTool

Seen = TypeVar("Seen")

_ON_ITS_WAY = 2.0
_LONG = 60.0
_PATIENCE = 30.0
GAP = " […] "
"""Stands where words may be missing, until the text has ended and is read again."""


async def begin(run: Run) -> Outcome | None:
    """None when there is something to watch; an outcome when the run was over before it was taken up."""
    if run.claim.was_running and run.claim.remote_session_id is not None:
        return await _adopt(run, run.claim.remote_session_id)
    await _start(run)
    return None


async def _start(run: Run) -> None:
    claim = run.claim
    steps = run.ports.metrics.start_seconds
    try:
        with steps.labels("session").time():
            run.remote = claim.remote_session_id or await run.agent.create_session(claim.title)
            session = await run.agent.session(run.remote)
    except NotFound as exc:
        raise NotFound(
            "The earlier conversation is gone from the pod. Move the card to To do and run it anew."
        ) from exc
    run.begin_translation(str(session.get("directory", "")))
    async with run.ports.scope() as scope:
        await scope.runs.attached(claim, run.remote, run.incarnation)
    with steps.labels("stream").time():
        await _listening(run)
    with steps.labels("prompt").time():
        await _send(run)


async def _listening(run: Run) -> None:
    """The stream must be open before anything happens that it tells; it was begun to be opened meanwhile."""
    why = "it was not opened in time"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(run.ports.settings.run.accept_timeout):
            while True:
                item = await run.feed.next(_LONG)
                if isinstance(item, Connected):
                    return
                why = item.reason if isinstance(item, Lost) else why
    raise Unavailable(f"The agent cannot be listened to: {why}")


async def _send(run: Run) -> None:
    try:
        await run.agent.prompt(run.remote, run.request)
    except Unavailable:
        # the answer was lost, perhaps the prompt was not: only OpenCode knows, once it had time to store it
        await asyncio.sleep(_ON_ITS_WAY)
        if not await _delivered(run):
            await run.agent.prompt(run.remote, run.request)
    async with run.ports.scope() as scope:
        await scope.runs.running(run.claim)
    run.recorder.put(OutputStatus(data="running"))


async def _delivered(run: Run) -> bool:
    try:
        await run.agent.message(run.remote, run.claim.message_id)
    except NotFound:
        return False
    return True


async def _adopt(run: Run, remote: str) -> Outcome | None:
    """Go on with a run whose driver is no more; its prompt is sent only if OpenCode never got it."""
    run.remote = remote
    await _listening(run)
    session = await _patiently(lambda: run.agent.session(remote))
    run.begin_translation(str(session.get("directory", "")))
    same = run.incarnation == run.claim.incarnation
    if not await _patiently(lambda: _delivered(run)):
        # whoever drove it before may have sent it this very moment; from here on the pod refuses its requests
        await asyncio.sleep(_ON_ITS_WAY)
    if not await _patiently(lambda: _delivered(run)):
        if run.claim.cancel_requested:
            return Outcome(Verdict.CANCELLED, "Cancelled.")
        async with run.ports.scope() as scope:
            await scope.runs.attached(run.claim, remote, run.incarnation)
        await _send(run)
        return None
    await _patiently(lambda: snapshot(run))
    if not same:
        return await outcome_of(run, if_unfinished=interrupted("The pod was restarted while the agent worked."))
    async with run.ports.scope() as scope:
        await scope.runs.running(run.claim)
    run.recorder.put(OutputStatus(data="running", message="The server was restarted; the run goes on."))
    return await settle(run)  # it may have ended while nobody listened


async def _patiently(look: Callable[[], Awaitable[Seen]]) -> Seen:
    """A run that goes on is not over because its pod does not answer for a moment."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return await look()
        except Unavailable:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(_ON_ITS_WAY)


async def snapshot(run: Run) -> None:
    """All that OpenCode has stored of the run so far, and what it asks; the stream goes on from there."""
    messages = await run.stored(words=True)
    children = await descendants(run, messages)
    said = await words(run, children)
    await run.recorder.flush()
    async with run.ports.scope(write=False) as scope:
        recorded = await scope.output.texts(run.claim.session_id)
    parts = fullest([*parts_of(answers_to(messages, run.claim.message_id)), *said], recorded)
    run.translator.adopt([str(child["id"]) for child in children])
    run.translator.take(parts)
    run.recorder.put(*(OutputChild(child=str(c["id"]), title=str(c.get("title", ""))) for c in children))
    run.recorder.put(OutputSnapshot(parts=list(parts)))
    await _asks(run)


def fullest(parts: list[Output | OutputTool], recorded: dict[str, str]) -> list[Output | OutputTool]:
    """OpenCode stores a text only when it has ended; until then the record has more of it, though with a gap."""
    return [
        part.model_copy(update={"data": recorded[part.part_id] + GAP})
        if isinstance(part, Output) and not part.data and recorded.get(part.part_id)
        else part
        for part in parts
    ]


async def _asks(run: Run) -> None:
    """Asks made or answered while nobody listened."""
    mine = {run.remote, *run.translator.children}
    waiting = [asked("permission", a) for a in await run.agent.permissions() if a["sessionID"] in mine]
    waiting += [asked("question", a) for a in await run.agent.questions() if a["sessionID"] in mine]
    await run.recorder.flush()
    async with run.ports.scope() as scope:
        for ask in waiting:
            await scope.runs.asked(run.claim, InteractionKind(ask.kind), ask.ask_id, ask.request)
        known = await scope.runs.open_asks(run.claim)
        for ask_id in known.keys() - {ask.ask_id for ask in waiting}:
            await scope.runs.answered(run.claim, ask_id, expired=True)
    run.asks = {ask.ask_id: known.get(ask.ask_id) for ask in waiting}
