"""Terminals as they cross the wire, from the session sidecar to the browser.

Output travels in binary frames, as the shell said it, so that a character may be cut by a frame's end; text frames are
`TerminalControl`. The other way text frames are what a person typed, binary ones what the viewer's terminal answered by
itself to a question of the program; of several viewers only one is heard with these. A cursor counts bytes from the
start of the terminal's life.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LARGEST_INPUT = 64 << 10
MOST_TERMINALS = 10
WINDOW_BYTES = 256 << 10
"""Output a viewer may have before it has acknowledged it."""

Size = Annotated[int, Field(ge=1, le=500)]
Title = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewTerminal(_Strict):
    title: Title = "Terminal"
    rows: Size = 24
    cols: Size = 80


class ChangeTerminal(_Strict):
    """`rows` and `cols` only together."""

    title: Title | None = None
    rows: Size | None = None
    cols: Size | None = None


class Terminal(BaseModel):
    id: str
    title: str
    running: bool


class TerminalControl(BaseModel):
    """`cursor`: the replay is over, and this far.

    `skipped`: so many bytes were left out, as the viewer is slow; it goes on at `cursor`, also out of a replay.
    """

    type: Literal["cursor", "skipped", "exit", "error"]
    cursor: int | None = None
    bytes: int | None = None
    message: str | None = None
