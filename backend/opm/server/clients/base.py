"""What the controller asks of the two sidecars of a pod."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from opm.wire.fence import Fence
from opm.wire.files import (
    MOST_ENTRIES,
    FileSearch,
    MakeDirectory,
    Rename,
    SearchResult,
    Tree,
    WatchEvent,
    WriteFile,
    Written,
)
from opm.wire.terminals import ChangeTerminal, NewTerminal, Terminal
from opm.wire.workspace import CloneOrder, CloneProgress

Hold = Callable[[], Fence]
"""What a driver shows with every request; raises when it has lost its run."""


@dataclass(frozen=True, slots=True)
class PodAddress:
    """One pod as the clients see it."""

    project_id: UUID
    files_url: str
    session_url: str
    pass_key: bytes
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One event of OpenCode, as it came: its name and properties."""

    type: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of a session, the oldest first; `older` names those before them, None: there are none."""

    messages: list[dict[str, Any]]
    older: str | None = None


class AgentClient(Protocol):
    """The agent of one pod. Everything raises `Unavailable` when the pod does not answer and `NotFound` for ids it
    does not know; nothing is ever sent twice."""

    async def create_session(self, title: str) -> str: ...

    async def prompt(self, session_id: str, body: Mapping[str, Any]) -> None: ...

    async def message(self, session_id: str, message_id: str) -> dict[str, Any]: ...

    async def messages(self, session_id: str, limit: int, before: str | None = None) -> MessagePage:
        """The newest, or those before a page. Raises `Unavailable` with the reason `too_large` for more than can be
        taken at once; a single one is rarely that."""
        ...

    async def session(self, session_id: str) -> dict[str, Any]: ...

    async def children(self, session_id: str) -> list[dict[str, Any]]: ...

    async def status(self) -> dict[str, Any]: ...

    async def abort(self, session_id: str) -> None: ...

    async def diff(self, session_id: str, message_id: str) -> list[dict[str, Any]]: ...

    async def permissions(self) -> list[dict[str, Any]]: ...

    async def questions(self) -> list[dict[str, Any]]: ...

    async def reply_permission(self, ask_id: str, reply: str, message: str | None) -> None: ...

    async def reply_question(self, ask_id: str, answers: list[list[str]] | None) -> None:
        """None dismisses the question."""
        ...

    async def models(self) -> list[dict[str, Any]]: ...

    async def dispose(self) -> None:
        """OpenCode forgets what it knows of the workspace and looks anew; runs at work end."""
        ...

    def events(self) -> AsyncIterator[AgentEvent]:
        """The pod's one stream. The first event is `stream.connected`; it ends when the pod drops it."""
        ...


@dataclass(frozen=True, slots=True)
class FileStream:
    """A file on its way: status and headers worth passing on, then the bytes."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]


class FileClient(Protocol):
    """The workspace of one pod; refusals of the sidecar arrive as our own errors."""

    async def tree(self, path: str, max_depth: int, limit: int = MOST_ENTRIES, after: str | None = None) -> Tree: ...

    def content(self, path: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[FileStream]: ...

    async def write(self, body: WriteFile) -> Written: ...

    async def upload(
        self, path: str, content: AsyncIterator[bytes], *, base_etag: str | None = None, overwrite: bool = False
    ) -> Written:
        """A file of any size, passed on as it comes."""
        ...

    def archive(self, path: str) -> AbstractAsyncContextManager[FileStream]: ...

    async def search(self, search: FileSearch) -> SearchResult: ...

    def original(self, path: str) -> AbstractAsyncContextManager[FileStream]:
        """The file as it was in the last commit."""
        ...

    async def mkdir(self, body: MakeDirectory) -> None: ...

    async def rename(self, body: Rename) -> None: ...

    async def delete(self, path: str, *, recursive: bool) -> None: ...

    def watch(self) -> AsyncGenerator[WatchEvent]:
        """What changes, until the pod ends it; close it (``contextlib.aclosing``) to stop."""
        ...

    def clone(self, order: CloneOrder) -> AsyncGenerator[CloneProgress]:
        """Puts a repository in place of all that is in the workspace; close it (``contextlib.aclosing``) to break off.

        Ends when that is done. `Conflict` says with a `reason` why it cannot be, `Unavailable` that the pod broke off.
        """
        ...


class TerminalLine(Protocol):
    """An open line to a terminal."""

    async def receive(self) -> bytes | str | None:
        """Output as bytes, a `TerminalControl` as text, None when the line has ended."""
        ...

    async def send(self, text: str, *, reply: bool = False) -> None:
        """`reply`: not typed, but answered by the viewer's terminal itself."""
        ...


class TerminalClient(Protocol):
    """The shells in the workspace of one pod."""

    async def everyone(self) -> list[Terminal]: ...

    async def create(self, new: NewTerminal) -> Terminal: ...

    async def change(self, ref: str, change: ChangeTerminal) -> Terminal: ...

    async def end(self, ref: str) -> None: ...

    def connect(self, ref: str, cursor: int) -> AbstractAsyncContextManager[TerminalLine]: ...


class PodClients(Protocol):
    """Makes clients; one connection pool for all pods, no cookies, nothing shared between projects."""

    def agent(self, address: PodAddress) -> AgentClient: ...

    def files(self, address: PodAddress) -> FileClient: ...

    def terminals(self, address: PodAddress) -> TerminalClient: ...

    async def close(self) -> None: ...
