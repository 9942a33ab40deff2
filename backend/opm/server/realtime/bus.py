"""How news gets from the process that made it to every process that shows it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Message:
    """`topic` is ``project:<id>`` (body: one board event as JSON), ``output:<session id>`` (body: finished SSE
    frames of the rows `first` to `last`), or ``wake:<what>`` (no body: somebody has work to do)."""

    topic: str
    body: bytes = b""
    first: int = 0
    last: int = 0
    at: float = field(default_factory=time.time, compare=False)
    """When it was made, in seconds since 1970 by the clock of who made it."""


Listener = Callable[[Message], None]


class Bus(Protocol):
    """Contract, checked by one suite against every implementation:

    - `publish` returns when the message is handed over; it neither waits for listeners nor fails because of them.
    - Every listener of a topic gets every message of it once, in the order of each publisher; messages from
      before `listen` are not delivered.
    - After the function that `listen` returned was called, the listener is not called again.
    - Messages may be lost when the carrier breaks; whoever needs all reads them from the database, where they
      stood before they were published. `on_gap` listeners are told when that may have happened.
    """

    @property
    def connected(self) -> bool:
        """Whether news of other controllers arrive; of a single one they always do."""
        ...

    @property
    def reconnects(self) -> int:
        """How often the carrier was lost and found again."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def publish(self, messages: list[Message]) -> None: ...

    def post(self, message: Message) -> None:
        """Publish soon, without waiting."""
        ...

    def post_here(self, message: Message) -> None:
        """For the listeners of this process alone."""
        ...

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]: ...

    def doubt(self) -> None:
        """Rows may have been saved of which nobody is told: a gap for everybody, here and elsewhere."""
        ...

    def on_gap(self, listener: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        """`listener` is called when something may have been lost, and now and then while nothing is carried."""
        ...


def project_topic(project_id: UUID) -> str:
    return f"project:{project_id}"


def output_topic(session_id: UUID) -> str:
    return f"output:{session_id}"


def run_topic(session_id: UUID) -> str:
    """Rung when the driver of a run has something to do: an answer to deliver, a cancellation."""
    return f"wake:run:{session_id}"


WAKE_PUMP = "wake:pump"
WAKE_RECONCILE = "wake:reconcile"
