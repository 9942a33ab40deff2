"""The file-browser contract: what the files sidecar says and what the controller reads.

Paths are relative to the workspace, use ``/``, and carry no leading slash; the root is the empty string.
Names are plain text, taken as they stand: nothing is decoded or normalised. A byte that is not UTF-8 (always
0x80 or above) travels as the private-use character U+EF00 + byte, and so do the bytes of a real character of
U+EF80..U+EFFF; so every legal name has a text form that survives JSON, URLs and JavaScript, and no escape can
stand for ``/``, ``.`` or NUL.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ENTRIES = 10_000
"""So many names one listing gives at most."""


class EntryType(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class Entry(BaseModel):
    """One name in a directory. ``size`` is in bytes; ``children`` is None where the listing did not go."""

    name: str
    path: str
    type: EntryType
    size: int = 0
    modified: datetime | None = None
    target: str | None = Field(default=None, description="where a link points, as stored; never followed")
    children: "list[Entry] | None" = None


class Tree(BaseModel):
    path: str
    entries: list[Entry]
    truncated: bool = Field(default=False, description="a limit of entries or time cut the listing short")
    next: str | None = Field(
        default=None,
        description="given as `after`, it lists what follows in this folder; null if nothing does, or time ran out",
    )


class WriteFile(BaseModel):
    """Create or replace one file, atomically. Without ``base_etag``: only if absent, unless ``overwrite``."""

    path: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    base_etag: str | None = None
    overwrite: bool = False


class Written(BaseModel):
    path: str
    etag: str
    size: int
    modified: datetime
    created: bool


class MakeDirectory(BaseModel):
    path: str


class Rename(BaseModel):
    path: str
    to: str
    overwrite: bool = False


class FileSearch(BaseModel):
    """What is looked for below ``path``. A ``regex`` is in Rust's syntax; otherwise the text is taken as it stands."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=1_000)
    kind: Literal["content", "name"] = "content"
    path: str = Field(default="", max_length=4096)
    case_sensitive: bool = False
    regex: bool = False


class SearchHit(BaseModel):
    """``line`` and ``column`` count from 1; both are None when it is the name that was found."""

    path: str
    line: int | None = None
    column: int | None = None
    text: str = ""


class SearchResult(BaseModel):
    hits: list[SearchHit]
    truncated: bool = Field(default=False, description="there may be more: the limit of hits or time was reached")
    took_ms: int = 0


class FileChange(BaseModel):
    """With ``many``, `path` is a folder (the root too) and anything beneath it may have changed."""

    path: str
    operation: Literal["create", "modify", "delete"]
    many: bool = False


class WatchEvent(BaseModel):
    """``ready``: from now on every change is told; ``limited``: not every folder can be watched, `message` says why."""

    type: Literal["ready", "limited", "changes"]
    items: list[FileChange] = Field(default_factory=list[FileChange])
    message: str = ""
