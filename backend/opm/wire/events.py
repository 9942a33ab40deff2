"""Everything that is announced, as two unions: what boards hear, and what the output of a run consists of.

Board events travel over the WebSocket; their names and camelCase fields are public. Output events are the
durable rows of one run, numbered without gaps, sent by SSE with their number as the event id.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from opm.wire.workspace import ClonePhase


class BoardEvent(BaseModel):
    """Base of what is sent to boards. ``timestamp`` is when the fact was saved."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    project_id: UUID
    timestamp: datetime


class PodStatus(BoardEvent):
    type: Literal["pod_status"] = "pod_status"
    status: Literal["absent", "pending", "running", "stopping", "failed"]
    reason: str | None = None


class TaskStatusChanged(BoardEvent):
    """A card is in another column now."""

    type: Literal["task_status_changed"] = "task_status_changed"
    task_id: UUID
    old_status: str
    new_status: str
    version: int


class TaskChanged(BoardEvent):
    """A card was made, edited, ordered or deleted."""

    type: Literal["task_changed"] = "task_changed"
    task_id: UUID
    change: Literal["created", "updated", "moved", "deleted"]
    version: int


class SessionChanged(BoardEvent):
    """A run moved on: queued, starting, running, completed, failed, cancelled."""

    type: Literal["session_changed"] = "session_changed"
    task_id: UUID
    session_id: UUID
    status: str


class SessionOutput(BoardEvent):
    """New text of a run, for cards; the whole output with its numbering is the SSE stream."""

    type: Literal["session_output"] = "session_output"
    task_id: UUID
    session_id: UUID
    output: str
    seq: int


class InteractionChanged(BoardEvent):
    """The agent asks, or an ask was answered, or a human said something."""

    type: Literal["interaction_changed"] = "interaction_changed"
    task_id: UUID
    session_id: UUID | None
    interaction_id: UUID
    kind: str
    state: str


class FileChanged(BoardEvent):
    """With ``many``, `path` is a folder (the root is empty) and anything beneath it may have changed."""

    type: Literal["file_changed"] = "file_changed"
    path: str
    operation: Literal["create", "modify", "delete"]
    many: bool = False


class ProjectChanged(BoardEvent):
    type: Literal["project_changed"] = "project_changed"
    change: Literal["created", "updated", "archived", "config"]


class WorkspaceChanged(BoardEvent):
    """How far the clone of a repository is. With a ``phase`` it tells of progress, which is stored nowhere."""

    type: Literal["workspace_changed"] = "workspace_changed"
    state: Literal["waiting", "cloning", "ready", "failed"]
    reason: str | None = None
    phase: ClonePhase | None = None
    percent: int | None = None


AnyBoardEvent = Annotated[
    PodStatus
    | TaskStatusChanged
    | TaskChanged
    | SessionChanged
    | SessionOutput
    | InteractionChanged
    | FileChanged
    | ProjectChanged
    | WorkspaceChanged,
    Field(discriminator="type"),
]
board_event_adapter: TypeAdapter[AnyBoardEvent] = TypeAdapter(AnyBoardEvent)


# --- output of a run -------------------------------------------------------------------------------------


class Output(BaseModel):
    """A piece of text. Pieces with one ``part_id`` belong together, in order."""

    type: Literal["output"] = "output"
    data: str
    part_id: str
    kind: Literal["text", "reasoning"] = "text"
    child: str | None = Field(default=None, description="sub-agent session it comes from; None is the run itself")


class OutputStatus(BaseModel):
    """What the run is doing."""

    type: Literal["status"] = "status"
    data: Literal["queued", "starting", "running", "retrying", "waiting", "settling"]
    message: str | None = None
    attempt: int | None = None
    next_at: datetime | None = Field(default=None, description="when a retry will be made")


class OutputTool(BaseModel):
    """The state of one tool call; a later event with the same ``part_id`` replaces it."""

    type: Literal["tool"] = "tool"
    part_id: str
    tool: str
    state: Literal["pending", "running", "completed", "error"]
    title: str | None = None
    input: dict[str, Any] = Field(default_factory=dict)
    output: str | None = None
    error: str | None = None
    exit_code: int | None = None
    diff: str | None = Field(default=None, description="unified diff, for tools that edit")
    started_at: datetime | None = None
    ended_at: datetime | None = None
    child: str | None = None


class OutputTodos(BaseModel):
    type: Literal["todos"] = "todos"
    items: list[dict[str, str]] = Field(description="content, status, priority of each")


class OutputAsk(BaseModel):
    """The agent asks for a permission or puts questions; answer through the interaction it names."""

    type: Literal["ask"] = "ask"
    interaction_id: UUID
    kind: Literal["permission", "question"]


class OutputAnswered(BaseModel):
    type: Literal["answered"] = "answered"
    interaction_id: UUID
    state: Literal["answered", "expired"]


class OutputFile(BaseModel):
    """The agent changed a file."""

    type: Literal["file"] = "file"
    path: str


class OutputChild(BaseModel):
    """A sub-agent was started."""

    type: Literal["child"] = "child"
    child: str
    title: str


class OutputError(BaseModel):
    """Something went wrong; not necessarily the end."""

    type: Literal["error"] = "error"
    name: str
    message: str


class OutputSnapshot(BaseModel):
    """After a restart: all that is known of the run so far. Replaces every ``output`` and ``tool`` before it."""

    type: Literal["snapshot"] = "snapshot"
    parts: list[Annotated[Output | OutputTool, Field(discriminator="type")]]


class OutputCompletion(BaseModel):
    """The end of the run; nothing follows."""

    type: Literal["completion"] = "completion"
    data: dict[str, Any] = Field(description="verdict, reason, duration_ms, tokens, cost")


AnyOutput = Annotated[
    Output
    | OutputStatus
    | OutputTool
    | OutputTodos
    | OutputAsk
    | OutputAnswered
    | OutputFile
    | OutputChild
    | OutputError
    | OutputSnapshot
    | OutputCompletion,
    Field(discriminator="type"),
]
output_adapter: TypeAdapter[AnyOutput] = TypeAdapter(AnyOutput)


# --- WebSocket control -----------------------------------------------------------------------------------


class Subscribe(BaseModel):
    """Browser to server. ``after`` is the last event id seen of that project, to resume."""

    type: Literal["subscribe"] = "subscribe"
    project_id: UUID
    after: str | None = None


class Unsubscribe(BaseModel):
    type: Literal["unsubscribe"] = "unsubscribe"
    project_id: UUID


AnyRequest = Annotated[Subscribe | Unsubscribe, Field(discriminator="type")]
request_adapter: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)


class Control(BaseModel):
    """Server to browser, outside the numbering.

    ``welcome`` once; ``subscribed`` after each subscribe (``id`` = where the stream stands); ``reset``: what was
    missed cannot be replayed, read the project anew; ``refused``: no such project; ``ping`` every 15 s.
    """

    type: Literal["welcome", "subscribed", "reset", "refused", "ping"]
    project_id: UUID | None = None
    id: str | None = None
    server: str | None = Field(default=None, description="differs after every start of the server")


class Envelope(BaseModel):
    """One board event on the WebSocket; ``id`` goes into ``after`` when subscribing again."""

    id: str
    event: AnyBoardEvent
