"""How the document describes what is no JSON: bytes that are sent and streamed, and the heads they bear."""

from typing import Any

from opm.server.api.errors import ErrorBody
from opm.server.api.promises import NOT_AGAIN

BYTES: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "the archive"}}
_FILE_HEADERS: dict[str, Any] = {
    "ETag": {"description": "names this version of the file", "schema": {"type": "string"}},
    "Accept-Ranges": {"schema": {"const": "bytes"}},
    "X-File-Encoding": {"description": "as far as it can be told", "schema": {"type": "string"}},
    "X-Opm-Binary": {"description": "whether it is no UTF-8", "schema": {"enum": ["true", "false"]}},
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {}}, "description": "the whole file", "headers": _FILE_HEADERS},
    206: {
        "content": {"*/*": {}},
        "description": "the part that was asked for",
        "headers": {**_FILE_HEADERS, "Content-Range": {"schema": {"type": "string", "examples": ["bytes 0-99/1234"]}}},
    },
    304: NOT_AGAIN,
    416: {"model": ErrorBody, "description": "There is no such part of this file"},
}
ORIGINAL: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}},
        "description": "the bytes",
        "headers": {"X-File-Encoding": _FILE_HEADERS["X-File-Encoding"]},
    }
}
RANGES: list[dict[str, Any]] = [
    {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
    for name, text in (
        ("Range", "One part of the file, as `bytes=0-99`."),
        ("If-Range", "An `ETag`: the part if it still holds, else the whole file."),
        ("If-None-Match", "An `ETag` that you have; nothing is sent if it still holds."),
    )
]
LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The lines, as a file", "content": {"text/csv": {}, "application/jsonl": {}}}
}
TRANSCRIPT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The run, as a file", "content": {"text/markdown": {}, "application/json": {}}}
}
_EVENT = 'id: 7\nevent: output\ndata: {"type":"output","data":"Hello"}\n\n'
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events whose `data` is an `AnyOutput`, numbered without gaps",
        "content": {"text/event-stream": {"example": _EVENT}},
    }
}
