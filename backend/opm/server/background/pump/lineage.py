"""The sub-agents of a run that is taken over: which they are, and what they have said so far."""

from collections.abc import Mapping, Sequence
from typing import Any

from opm.server.background.pump import history
from opm.server.background.pump.context import Run
from opm.server.clients.translate import mapping, parts_of
from opm.wire.events import Output, OutputTool


async def descendants(run: Run, messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sub-agents and theirs, as OpenCode lists them, each before those it made.

    Those that were made before the prompt, one of the messages, belong to earlier runs of the conversation.
    """
    prompts = [message["info"] for message in messages if message["info"]["id"] == run.claim.message_id]
    since = _made(prompts[0], 0) if prompts else 0
    found: list[Mapping[str, Any]] = []
    parents = [run.remote]
    while parents:
        children = await run.agent.children(parents.pop(0))
        ours = [child for child in children if _made(child, since) >= since]
        found += sorted(ours, key=lambda child: _made(child, since))
        parents += [str(child["id"]) for child in ours]
    return found


def _made(info: Mapping[str, Any], unknown: float) -> float:
    """When, in milliseconds."""
    return float(mapping(info.get("time")).get("created") or unknown)


async def words(run: Run, children: list[Mapping[str, Any]]) -> list[Output | OutputTool]:
    """What they have said and done, under their names."""
    parts: list[Output | OutputTool] = []
    for child in children:
        messages = await history.since(run.agent, str(child["id"]), None)
        answers = [message for message in messages if message["info"]["role"] == "assistant"]
        parts += parts_of(answers, str(child["id"]))
    return parts
