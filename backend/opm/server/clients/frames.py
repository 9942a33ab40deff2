"""Server-sent events, cut out of a stream of bytes."""

from opm.server.core.errors import Unavailable

LARGEST_EVENT = 16 << 20


class Frames:
    """Cuts a stream of bytes into the ``data`` of its events; comments and other fields are passed over."""

    def __init__(self, limit: int = LARGEST_EVENT) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        searched = max(len(self._buffer) - 1, 0)
        self._buffer += chunk
        found: list[bytes] = []
        start = 0
        while (end := self._buffer.find(b"\n\n", max(searched, start))) >= 0:
            if data := _data(self._buffer[start:end]):
                found.append(data)
            start = end + 2
        del self._buffer[:start]
        if len(self._buffer) > self._limit:
            raise Unavailable("The pod sends an event that is too large to be one.", reason="too_large")
        return found


def _data(frame: bytearray) -> bytes:
    if frame.startswith(b"data:") and b"\n" not in frame:
        return bytes(frame[5:].strip())
    return b"\n".join(bytes(line[5:].strip()) for line in frame.split(b"\n") if line.startswith(b"data:"))
