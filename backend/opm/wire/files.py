"""The file-browser contract: what the files sidecar says and what the controller reads.

Paths are relative to the workspace, use ``/``, and carry no leading slash; the root is the empty string.
Names that are not UTF-8 travel as ``surrogateescape`` text in percent form (see ``display`` against ``path``).
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field


class EntryType(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class Entry(BaseModel):
    """One name in a directory. ``size`` is in bytes; ``children`` is None where the listing did not descend."""

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
    truncated: bool = Field(default=False, description="a limit of entries, depth or time cut the listing short")


class WriteFile(BaseModel):
    """Create or replace one file, atomically. ``base_etag`` None means: create only if absent, unless ``overwrite``."""

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


class FileChange(BaseModel):
    path: str
    operation: Literal["create", "modify", "delete"]
