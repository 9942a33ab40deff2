"""Frames of the output stream of a run, as they travel: by the bus once, to every browser that watches.

Frames with a number carry it as ``id:`` and are resumable; control frames have none, so that a browser which
reconnects still names the last row it has seen.
"""

HEARTBEAT = b": alive\n\n"
"""A comment; browsers ignore it, proxies and timeouts see that somebody is there."""

RETRY = b"retry: 1000\n\n"
"""How many milliseconds a browser waits before it connects again."""

RESET = b"event: reset\ndata: {}\n\n"
"""What was shown so far cannot be continued: forget it, everything follows from the first row."""

END = b"event: end\ndata: {}\n\n"
"""The run is over; close, or the browser connects again."""

_COMPLETION = b"\nevent: completion\n"


def frame(seq: int, event: str, data: bytes) -> bytes:
    """One numbered row; `data` is its JSON."""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(data.splitlines())
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (seq, event.encode("ascii"), data)


def completes(frames: bytes) -> bool:
    """Whether the end of the run is among these numbered frames."""
    return _COMPLETION in frames
