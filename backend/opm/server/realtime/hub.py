"""Between the bus and those who watch: one listener per project however many browsers, and resumable streams.

Every board event gets an id ``<epoch>-<number>`` here. The epoch is random for each process, so an id of another
process or of an earlier start is recognised and answered with a reset instead of a wrong continuation.
"""

import asyncio
import contextlib
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from opm.server.core.errors import OpmError, Unavailable
from opm.server.core.settings import LimitSettings
from opm.server.realtime.bus import Bus, Message, output_topic, project_topic
from opm.server.realtime.reader import BoardReader, OutputReader
from opm.wire.events import Control

AnyReader = TypeVar("AnyReader", BoardReader, OutputReader)

_Seat = UUID | tuple[UUID, UUID]

Look = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, str]]]
"""For each of these projects a text that is another one when something happened on its board."""

LINGER_SECONDS = 60
"""A project is listened to for this long after its last reader left, so that a reload can resume."""


@dataclass(slots=True)
class _Channel:
    """The newest events of one project. Numbers above `floor` up to `last` can be replayed."""

    floor: int
    last: int
    ring: deque[tuple[int, str]] = field(default_factory=deque[tuple[int, str]])
    size: int = 0
    readers: set[BoardReader] = field(default_factory=set[BoardReader])
    stop: Callable[[], None] = lambda: None
    expiry: asyncio.TimerHandle | None = None


class Hub:
    def __init__(self, bus: Bus, *, backlog_bytes: int, history: int = 500, linger: float = LINGER_SECONDS) -> None:
        self.epoch = secrets.token_hex(6)
        self._bus = bus
        self._backlog = backlog_bytes
        self._history = history
        self._linger = linger
        self._number = 0
        self._channels: dict[UUID, _Channel] = {}
        self._readers: set[BoardReader | OutputReader] = set()
        self._seats: Counter[_Seat] = Counter()
        self._on_looking: list[Callable[[], object]] = []
        self._closed = False
        self._look: Look | None = None
        self._marks: dict[UUID, str] = {}
        bus.on_gap(self._gap)

    def look_by(self, look: Look) -> None:
        """How to tell after a gap on which boards something happened; without it all are read anew."""
        self._look = look

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def watching(self) -> int:
        """How many readers are open."""
        return len(self._readers)

    @property
    def boards(self) -> int:
        """How many of them are of boards; the others are of output."""
        return sum(isinstance(reader, BoardReader) for reader in self._readers)

    def close(self) -> None:
        """End every reader, so that sockets and streams finish and the server can stop."""
        self._closed = True
        for reader in list(self._readers):
            reader.close()
        for project_id in list(self._channels):
            self._forget(project_id)

    # --- seats ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def seat(self, user_id: UUID, limits: LimitSettings, project_id: UUID | None = None) -> Generator[None]:
        """Counts a connection of a person while it is open, and as one to that project if it is.

        Errors: Unavailable (as many are open as one person may have).
        """
        self._require_seat(user_id, limits.streams_per_user, "are open for you already; close some tabs")
        taken: list[_Seat] = [user_id]
        if project_id is not None:
            here = (user_id, project_id)
            self._require_seat(here, limits.streams_per_project, "to this project are open for you already; close some")
            taken.append(here)
        self._seats.update(taken)
        try:
            yield
        finally:
            self._seats.subtract(taken)
            for seat in taken:
                if self._seats[seat] <= 0:
                    del self._seats[seat]

    def _require_seat(self, seat: "_Seat", limit: int, what: str) -> None:
        if self._seats[seat] >= limit:
            raise Unavailable(f"{limit} live connections {what} and try again.", reason="too_many_streams")

    # --- readers -------------------------------------------------------------------------------------------

    def output(self, session_id: UUID) -> OutputReader:
        """Hears the output of one run from now on; the owner closes it."""
        reader = self._adopt(OutputReader(self._backlog))
        reader.on_close(self._bus.listen(output_topic(session_id), reader.put))
        return reader

    def board(self) -> BoardReader:
        """Hears nothing until it follows projects; the owner closes it."""
        return self._adopt(BoardReader(self._backlog))

    def follow(self, reader: BoardReader, project_id: UUID, after: str | None) -> None:
        """Put into `reader` what it missed since `after` (or a reset), then ``subscribed``, then all that comes."""
        if reader.ended:
            return
        channel = self._channels.get(project_id) or self._listen(project_id)
        if channel.expiry:
            channel.expiry.cancel()
            channel.expiry = None
        missed = [] if after is None else self._since(channel, after)
        # A replay that would itself fill the queue would be dropped, resumed and dropped again.
        if missed is None or sum(map(len, missed)) > reader.room // 2:
            reader.put(_control(Control(type="reset", project_id=project_id)))
        else:
            for text in missed:
                reader.put(text)
        reader.put(_control(Control(type="subscribed", project_id=project_id, id=self._id(channel.last))))
        if not reader.ended:
            channel.readers.add(reader)
            if len(channel.readers) == 1:
                for listener in self._on_looking:
                    listener()
        self._expire_if_left(project_id, channel)

    def unfollow(self, reader: BoardReader, project_id: UUID) -> None:
        channel = self._channels.get(project_id)
        if channel is not None and reader in channel.readers:
            channel.readers.discard(reader)
            self._expire_if_left(project_id, channel)

    def looked_at(self) -> frozenset[UUID]:
        """The projects that somebody follows here."""
        return frozenset(project_id for project_id, channel in self._channels.items() if channel.readers)

    def on_looking(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Called when a project gets its first reader; the function that is returned ends that."""
        self._on_looking.append(listener)
        return lambda: self._on_looking.remove(listener)

    # --- inside --------------------------------------------------------------------------------------------

    def _adopt(self, reader: AnyReader) -> AnyReader:
        if self._closed:
            reader.close()
            return reader
        self._readers.add(reader)
        reader.on_close(lambda: self._release(reader))
        return reader

    def _release(self, reader: BoardReader | OutputReader) -> None:
        self._readers.discard(reader)
        if isinstance(reader, BoardReader):
            for project_id in [p for p, channel in self._channels.items() if reader in channel.readers]:
                self.unfollow(reader, project_id)

    def _listen(self, project_id: UUID) -> _Channel:
        channel = self._channels[project_id] = _Channel(floor=self._number, last=self._number)
        channel.stop = self._bus.listen(project_topic(project_id), lambda message: self._spread(channel, message))
        return channel

    def _expire_if_left(self, project_id: UUID, channel: _Channel) -> None:
        if not channel.readers and not self._closed:
            channel.expiry = asyncio.get_running_loop().call_later(self._linger, self._forget, project_id)

    def _forget(self, project_id: UUID) -> None:
        channel = self._channels.pop(project_id, None)
        if channel is not None:
            channel.stop()
            if channel.expiry:
                channel.expiry.cancel()

    def _spread(self, channel: _Channel, message: Message) -> None:
        self._number = channel.last = self._number + 1
        text = f'{{"id":"{self._id(channel.last)}","event":{message.body.decode()}}}'
        channel.ring.append((channel.last, text))
        channel.size += len(text)
        while len(channel.ring) > self._history or channel.size > self._backlog:
            channel.floor, oldest = channel.ring.popleft()
            channel.size -= len(oldest)
        for reader in list(channel.readers):
            reader.put(text)

    def _since(self, channel: _Channel, after: str) -> list[str] | None:
        """What came after that id, or None if that cannot be told."""
        epoch, _, digits = after.partition("-")
        if epoch != self.epoch or not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            return None
        number = int(digits)
        if not channel.floor <= number <= channel.last:
            return None
        return [text for position, text in channel.ring if position > number]

    async def _gap(self) -> None:
        """The bus may have lost something: boards on which something happened are read anew, and all output is."""
        for project_id in await self._changed():
            channel = self._channels.get(project_id)
            if channel is not None:
                self._reset(project_id, channel)
        for reader in list(self._readers):
            if isinstance(reader, OutputReader):
                reader.put(Message(""))

    async def _changed(self) -> list[UUID]:
        """The projects here of which nobody can say that nothing happened since the last look."""
        here = list(self._channels)
        if self._look is None or not here:
            return here
        seen: Mapping[UUID, str] = {}
        with contextlib.suppress(OpmError):  # who reads anew now will be told the same, and try again
            seen = await self._look(here)
        known, self._marks = self._marks, dict(seen)
        return [each for each in here if each not in seen or known.get(each) != seen[each]]

    def _reset(self, project_id: UUID, channel: _Channel) -> None:
        self._number += 1
        channel.ring.clear()
        channel.size = 0
        channel.floor = channel.last = self._number
        for reader in list(channel.readers):
            reader.put(_control(Control(type="reset", project_id=project_id)))
            reader.put(_control(Control(type="subscribed", project_id=project_id, id=self._id(channel.last))))

    def _id(self, number: int) -> str:
        return f"{self.epoch}-{number}"


def _control(control: Control) -> str:
    return control.model_dump_json(exclude_none=True)
