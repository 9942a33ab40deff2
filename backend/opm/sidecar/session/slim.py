"""What nobody behind this sidecar reads, left out as it comes: the bytes of pictures and documents.

OpenCode stores what its agents read of such files in its messages, in base64; one step may so weigh many megabytes.
"""

import re

_BEGIN = b'"url":"data:'
_LONGEST_TYPE = 200
_URL = re.compile(rb'"url":"data:[^",\\]{0,%d};base64,' % _LONGEST_TYPE)
_CONTENT = re.compile(rb"[A-Za-z0-9+/=]*")


class Slimmer:
    """Fed a JSON text in pieces, gives it back without what stands in its `data:` URLs."""

    def __init__(self) -> None:
        self._held = b""
        self._inside = False

    def feed(self, piece: bytes) -> bytes:
        data, position = self._held + piece, 0
        self._held = b""
        kept: list[bytes] = []
        while True:
            if self._inside:
                position = _end_of(_CONTENT, data, position)
                if position == len(data):
                    return b"".join(kept)
                self._inside = False
            url = _URL.search(data, position)
            if url is None:
                break
            kept.append(data[position : url.end()])
            position, self._inside = url.end(), True
        until = _perhaps_a_beginning(data, position)
        self._held = data[until:]
        return b"".join([*kept, data[position:until]])

    def rest(self) -> bytes:
        """What was held back, at the end of it all."""
        held, self._held = self._held, b""
        return held


def _end_of(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    found = pattern.match(data, position)
    return found.end() if found else position


def _perhaps_a_beginning(data: bytes, position: int) -> int:
    """Where the end of a piece could be the first part of such an address."""
    start = data.rfind(_BEGIN, max(position, len(data) - len(_BEGIN) - _LONGEST_TYPE - len(b";base64,")))
    if start >= 0 and b'"' not in data[start + len(_BEGIN) :]:
        return start
    for length in range(min(len(_BEGIN) - 1, len(data) - position), 0, -1):
        if data.endswith(_BEGIN[:length]):
            return len(data) - length
    return len(data)
