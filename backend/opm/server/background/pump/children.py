"""The sub-agents of a run when it has ended: what each was for, how it ended, what it used."""

from collections.abc import Mapping
from typing import Any, Literal

from opm.server.background.pump.context import Run
from opm.server.clients.translate import error_of, mapping
from opm.server.clients.verdict import tokens_of
from opm.server.core.errors import Fault, Refusal
from opm.server.features.sessions.schemas import SubAgent, Tokens


async def accounts(run: Run) -> list[SubAgent]:
    """Those that belong to this run, which may not be all of its conversation, in the order of their making."""
    found: list[SubAgent] = []
    for child in run.translator.children:
        try:
            found.append(await _account(run, child))
        except (Fault, Refusal):
            continue
    return found


async def _account(run: Run, child: str) -> SubAgent:
    session = await run.agent.session(child)
    messages = (await run.agent.messages(child, 1)).messages
    state, reason = _end(messages[-1]["info"] if messages else {})
    parent = str(session.get("parentID") or "")
    time = mapping(session.get("time"))
    made, last = time.get("created"), time.get("updated")
    return SubAgent(
        id=child,
        parent=None if parent in {"", run.remote} else parent,
        title=str(session.get("title") or "Sub-agent"),
        state=state,
        reason=reason,
        tokens=Tokens.model_validate(tokens_of(session)),
        cost=float(session.get("cost") or 0),
        duration_ms=int(last - made) if made and last else None,
    )


def _end(last: Mapping[str, Any]) -> tuple[Literal["finished", "failed", "unfinished"], str | None]:
    if last.get("error"):
        return "failed", error_of(mapping(last["error"]))[1]
    return ("finished" if last.get("finish") else "unfinished"), None
