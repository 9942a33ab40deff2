"""Identifiers: UUIDv7, so that keys sort by time and index pages stay warm."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562) that is larger than every one made before it in this process."""
    global _last  # noqa: PLW0603  the monotonic counter is the point
    with _lock:
        # 48 bits of milliseconds and 12 of sub-millisecond fraction, as RFC 9562 section 6.2 method 3 allows
        stamp = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = stamp
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)
