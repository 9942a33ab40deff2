"""What all steps of driving one run share."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from opm.server.background.pump import history
from opm.server.background.pump.feed import Feed
from opm.server.background.pump.recorder import Recorder
from opm.server.background.supervisor import Bell
from opm.server.clients.base import AgentClient
from opm.server.clients.translate import Translator
from opm.server.features.sessions.runs import Claim, Outcome
from opm.server.features.sessions.schemas import Verdict
from opm.server.runtime.base import PodSpec
from opm.server.wiring import Ports


@dataclass
class Run:
    """One run in the hands of its driver."""

    ports: Ports
    claim: Claim
    recorder: Recorder
    bell: Bell
    """Rung when a human answered or cancelled."""
    spec: PodSpec
    request: dict[str, Any]
    """The prompt as it is sent to the agent."""
    agent: AgentClient
    incarnation: str | None
    remote: str = ""
    """What OpenCode calls the run's session."""
    last_error: str | None = None
    asks: dict[str, UUID | None] = field(default_factory=dict[str, UUID | None])
    """Open asks, by OpenCode's name for them."""
    cancelling: bool = False
    feed: Feed = field(init=False)
    translator: Translator = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed(self.agent)

    def begin_translation(self, directory: str) -> None:
        self.translator = Translator(self.remote, self.claim.message_id, directory)

    async def stored(self, *, words: bool) -> list[dict[str, Any]]:
        """The session's messages, reaching back to the prompt however many steps the agent made since."""
        return await history.since(self.agent, self.remote, self.claim.message_id, words=words)


def interrupted(reason: str) -> Outcome:
    return Outcome(Verdict.INTERRUPTED, f"{reason} Nothing was lost of the workspace; send feedback to let it go on.")
