"""How a run ended: decided by what OpenCode stored, never by its events."""

import asyncio

import structlog

from opm.server.background.pump.children import accounts
from opm.server.background.pump.context import Run
from opm.server.clients.verdict import End, Reading, read
from opm.server.core.errors import Fault, Refusal
from opm.server.features.sessions.runs import Outcome
from opm.server.features.sessions.schemas import Verdict

log = structlog.get_logger(__name__)

_PATIENCE = 3.0
_LOOK = 0.1
_BROKEN_OFF = {End.UNFINISHED, End.UNANSWERED, End.STOPPED, End.BLOCKED}
"""How the messages look when a run was broken off; between two steps it looks like a refused tool."""


async def settle(run: Run) -> Outcome | None:
    """After the session went idle: wait until the last answer is stored whole. None while it works on."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        if run.remote in await run.agent.status():
            return None
        reading = read(await run.stored(words=False), run.claim.message_id)
        settled = reading.end not in {End.UNFINISHED, End.UNANSWERED}
        if settled or asyncio.get_running_loop().time() > deadline:
            return await _outcome(run, reading)
        await asyncio.sleep(_LOOK)


async def outcome_of(run: Run, *, if_unfinished: Outcome) -> Outcome:
    """Of a run that surely does not work any more, although perhaps it did not get to its end."""
    try:
        reading = read(await run.stored(words=False), run.claim.message_id)
    except (Fault, Refusal):
        return if_unfinished
    if reading.end in _BROKEN_OFF:
        return await _with_work(run, if_unfinished, reading)
    return await _outcome(run, reading)


async def _outcome(run: Run, reading: Reading) -> Outcome:
    match reading.end:
        case End.SUCCESS:
            outcome = Outcome(Verdict.SUCCESS)
        case End.INCOMPLETE:
            outcome = Outcome(Verdict.INCOMPLETE, reading.reason)
        case End.BLOCKED if not run.cancelling:
            outcome = Outcome(Verdict.BLOCKED, reading.reason)
        case End.FAILED:
            outcome = Outcome(Verdict.FAILED, reading.reason)
        case End.UNANSWERED if not run.cancelling:
            reason = run.last_error or "OpenCode ended the run without any answer. Check the model in the settings."
            outcome = Outcome(Verdict.FAILED, reason)
        case _:
            outcome = stopped(run)
    return await _with_work(run, outcome, reading)


def stopped(run: Run) -> Outcome:
    """The agent was stopped: by the user who cancelled, or by something else."""
    if run.cancelling:
        return Outcome(Verdict.CANCELLED, "Cancelled.")
    return Outcome(
        Verdict.INTERRUPTED,
        (run.last_error or "The agent was stopped before it had finished.") + " Send feedback to let it go on.",
    )


async def _with_work(run: Run, outcome: Outcome, reading: Reading) -> Outcome:
    """The outcome with what was said, used and changed."""
    tokens, cost = dict(reading.tokens), reading.cost
    children = await accounts(run)
    for child in children:
        cost += child.cost
        for name, number in child.tokens:
            tokens[name] += number
    return Outcome(
        verdict=outcome.verdict,
        reason=outcome.reason,
        final_output=reading.text or None,
        tokens=tokens,
        cost=cost,
        diff=await _diff(run),
        children=children,
    )


async def _diff(run: Run) -> list[dict[str, object]] | None:
    try:
        return await run.agent.diff(run.remote, run.claim.message_id)
    except (Fault, Refusal) as exc:
        log.warning("no diff of a run", run=str(run.claim.session_id), reason=exc.message)
        return None
