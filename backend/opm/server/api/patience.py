"""How long a connection may be written to without anything leaving."""

import asyncio


class Reader:
    """Cuts a connection of which nothing leaves although something waits."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, transport: asyncio.Transport) -> None:
        if self._timer is None:
            self._waiting = transport.get_write_buffer_size()
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look, transport)

    def rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.Transport) -> None:
        self._timer = None
        if transport.get_write_buffer_size() >= self._waiting:
            transport.abort()
        else:
            self.watch(transport)
