"""File names between the wire and the disk (the text form is described in `opm.wire.files`)."""

from opm.sidecar.errors import Refused

OWN = b".opm-"
"""So begin the names of what we ourselves put into a workspace for a moment; it is not shown."""

LONGEST_PATH = 4_096
DEEPEST_PATH = 64

_ESCAPED = range(0xEF80, 0xF000)
_SURROGATE = 0xDC00 - 0xEF00
_TO_TEXT: dict[int, str] = {
    **{code + _SURROGATE: chr(code) for code in _ESCAPED},
    **{code: "".join(chr(0xEF00 + byte) for byte in chr(code).encode()) for code in _ESCAPED},
}
_TO_BYTES: dict[int, int] = {code: code + _SURROGATE for code in _ESCAPED}


def to_text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").translate(_TO_TEXT)


def to_bytes(text: str) -> bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(400, "The path holds half a character (a lone surrogate).") from None
    return text.translate(_TO_BYTES).encode("utf-8", "surrogateescape")


def parse(text: str, *, root_allowed: bool = False) -> bytes:
    """A client's path as clean bytes: relative, no ``..``, no empty parts. The root is ``b""``."""
    path = to_bytes(text)
    if b"\x00" in path:
        raise Refused(400, "The path holds a NUL.")
    if path.startswith(b"/"):
        raise Refused(400, "The path is absolute; give it relative to the workspace.")
    if len(path) > LONGEST_PATH:
        raise Refused(400, f"The path is longer than {LONGEST_PATH} bytes.")
    parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise Refused(400, "The path steps out of a directory with '..'; give it without.")
    if len(parts) > DEEPEST_PATH:
        raise Refused(400, f"The path is deeper than {DEEPEST_PATH} directories.")
    if not parts and not root_allowed:
        raise Refused(400, "The path is that of the workspace itself; name something in it.")
    return b"/".join(parts)
