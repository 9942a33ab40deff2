"""The bus of a single process."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

import structlog

from opm.server.realtime.bus import Listener, Message

log = structlog.get_logger(__name__)


class MemoryBus:
    def __init__(self) -> None:
        self._listeners: defaultdict[str, dict[object, Listener]] = defaultdict(dict)
        self._on_gap: dict[object, Callable[[], Awaitable[None]]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return True

    @property
    def reconnects(self) -> int:
        return 0

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        self._listeners.clear()

    async def publish(self, messages: list[Message]) -> None:
        for message in messages:
            self._deliver(message)

    def post(self, message: Message) -> None:
        self._deliver(message)

    def post_here(self, message: Message) -> None:
        self._deliver(message)

    def _deliver(self, message: Message) -> None:
        for listener in list(self._listeners.get(message.topic, {}).values()):
            try:
                listener(message)
            except Exception:
                log.exception("a listener failed", topic=message.topic)

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        key = object()
        self._listeners[topic][key] = listener

        def stop() -> None:
            remaining = self._listeners.get(topic, {})
            remaining.pop(key, None)
            if not remaining:
                self._listeners.pop(topic, None)

        return stop

    def on_gap(self, listener: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        key = object()
        self._on_gap[key] = listener

        def stop() -> None:
            self._on_gap.pop(key, None)

        return stop

    def doubt(self) -> None:
        """Memory does not break, but what is told by it may not have been told."""
        task = asyncio.create_task(self._tell_gap())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_gap(self) -> None:
        for listener in list(self._on_gap.values()):
            try:
                await listener()
            except Exception:
                log.exception("a listener failed after a gap")
