"""What ripgrep says with ``--json``, as hits."""

import base64
from typing import Any

import msgspec

from opm.sidecar.files.names import to_text

_LONGEST_TEXT = 300
_BEFORE_HIT = 80

Hit = dict[str, Any]


class _Text(msgspec.Struct):
    text: str | None = None
    encoded: str | None = msgspec.field(name="bytes", default=None)

    def raw(self) -> bytes:
        return self.text.encode("utf-8", "replace") if self.text is not None else base64.b64decode(self.encoded or "")


class _Submatch(msgspec.Struct):
    start: int
    end: int


class _Data(msgspec.Struct):
    path: _Text = msgspec.field(default_factory=_Text)
    lines: _Text = msgspec.field(default_factory=_Text)
    line_number: int | None = None
    submatches: list[_Submatch] = msgspec.field(default_factory=list[_Submatch])


class _Line(msgspec.Struct):
    type: str
    data: _Data = msgspec.field(default_factory=_Data)


def hits_of(line: bytes, path: bytes) -> list[Hit]:
    told = msgspec.json.decode(line, type=_Line)
    if told.type != "match":
        return []
    text = told.data.lines.raw()
    where = to_text(join(path, told.data.path.raw()))
    first = told.data.submatches[0].start if told.data.submatches else 0
    column = len(text[:first].decode("utf-8", "replace")) + 1
    shown = text[max(0, first - _BEFORE_HIT) :].decode("utf-8", "replace").rstrip("\r\n")[:_LONGEST_TEXT]
    return [{"path": where, "line": told.data.line_number, "column": column, "text": shown}]


def join(path: bytes, name: bytes) -> bytes:
    name = name.removeprefix(b"./")
    return path + b"/" + name if path else name
