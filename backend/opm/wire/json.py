"""JSON that strict decoders refuse, made fit for them.

A program may cut a text between the two halves of a character beyond U+FFFF (an emoji, say) and spell the half that
is left as an escape. RFC 8259 section 8.2 calls the result unpredictable; here it becomes U+FFFD.
"""

import re

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def without_lone_halves(document: bytes) -> bytes:
    """The same document; each half of a surrogate pair that stands alone is U+FFFD."""
    if _HALF.search(document) is None:
        return document
    return _ESCAPE.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], document)
