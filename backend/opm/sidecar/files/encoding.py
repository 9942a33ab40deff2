"""How the bytes of a file are text, judged by their beginning."""

import codecs
import re

SAMPLE = 8 << 10
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def encoding(sample: bytes, *, whole: bool) -> str:
    """A good guess from the start of a file, by the name an editor decodes it with."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and decodes(sample, "utf-16", whole=whole):
        return "utf-16"
    if b"\x00" in sample:
        return "binary"
    if decodes(sample, "utf-8", whole=whole):
        return "utf-8"
    return "binary" if _CONTROLS.search(sample) else "latin-1"


def decodes(sample: bytes, codec: str, *, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample, final=whole)
    except UnicodeDecodeError:
        return False
    return True
