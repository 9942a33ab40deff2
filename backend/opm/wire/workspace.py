"""Filling a workspace: what the controller orders of the files sidecar, and what that tells while it works.

The answer to an order is a stream of lines, one `CloneLine` as JSON each; the last one says how it ended.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_URL = 2000
LONGEST_REF = 255

ClonePhase = Literal["starting", "counting", "compressing", "receiving", "resolving", "writing"]


class CloneOrder(BaseModel):
    """``addresses`` are those the host was judged by: git connects to them and to no other."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST_URL)
    ref: str | None = Field(default=None, max_length=LONGEST_REF)
    depth: int | None = Field(default=None, ge=1)
    addresses: list[str] = Field(default_factory=list, max_length=64)
    username: str = Field(default="", max_length=255, repr=False)
    token: str = Field(default="", max_length=4096, repr=False)
    seconds: float = Field(default=900, gt=0)
    most_bytes: int = Field(default=10 << 30, gt=0)


class CloneProgress(BaseModel):
    phase: ClonePhase
    percent: int | None = None


class CloneFailure(BaseModel):
    reason: str
    message: str


class CloneLine(BaseModel):
    """One of the three."""

    progress: CloneProgress | None = None
    failure: CloneFailure | None = None
    done: bool = False
