"""Where pods run, behind one interface.

A pod is one project's OpenCode server, its files sidecar, its session sidecar and its workspace volume (and,
for projects on the demo model, that model). The controller states what it wants (`ensure`, `stop`, `remove`)
and reads what is (`observe`, `watch`); it never waits inside a verb for a pod to become ready.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class PodPhase(StrEnum):
    """What is seen of a pod. `ABSENT`: nothing runs and nothing is wrong (the volume may exist)."""

    ABSENT = "absent"
    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


class Part(StrEnum):
    OPENCODE = "opencode"
    FILES = "files"
    SESSION = "session"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Limits:
    """What all processes of a pod may use together; None: as much as there is."""

    memory_mb: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True)
class PodSpec:
    """Everything a runtime needs to make one pod; two specs with the same `digest` make the same pod."""

    project_id: UUID
    digest: str
    """Names the configuration: a pod observed with another digest must be re-made before the next run."""
    opencode_config: Mapping[str, Any]
    """Goes to OpenCode as its highest-precedence configuration. Holds no secret."""
    answer_tokens: int | None = None
    """The most that a model may say in one answer; None: as OpenCode has it."""
    provider_key: str | None = field(default=None, repr=False)
    """Reaches OpenCode as the environment variable `OPM_PROVIDER_KEY`, which `opencode_config` refers to."""
    opencode_password: str = field(default="", repr=False)
    pass_key: bytes = field(default=b"", repr=False)
    """Signs passes for the two sidecars (see `opm.wire.passes`)."""
    demo_model: bool = False
    """Run the scripted model inside the pod; `{demo_model_url}` in `opencode_config` stands for its address."""
    seed_files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path to text; written and committed only when the workspace is created."""
    limits: Limits = field(default_factory=Limits)
    """Taken when the pod is started; a pod that runs keeps those it was started with."""
    renew: bool = False
    """Nobody is at work in the pod: one that was made of older images or rules may be made anew."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    part: Part
    ready: bool
    restarts: int = 0
    pid: int | None = None
    memory_bytes: int | None = None
    reason: str | None = None
    """Why it is not ready, or why it last died, in words a user can act on."""
    out_of_memory: bool = False
    """That reason is a limit: the part, or something it had started, was ended for the pod's memory."""


@dataclass(frozen=True, slots=True)
class PodEvent:
    """What the place where it runs tells of a pod."""

    at: datetime | None
    reason: str
    message: str
    times: int = 1
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Base addresses of the two sidecars, without trailing slash."""

    files_url: str
    session_url: str


@dataclass(frozen=True, slots=True)
class Observation:
    project_id: UUID
    phase: PodPhase
    reason: str | None = None
    digest: str | None = None
    incarnation: str | None = None
    """Changes whenever OpenCode was started anew: a run begun under another incarnation was interrupted."""
    endpoint: Endpoint | None = None
    """Given when `phase` is RUNNING."""
    parts: tuple[PartStatus, ...] = ()
    name: str | None = None
    """What the pod is called where it runs."""
    namespace: str | None = None
    volume: str | None = None
    """Where names have a namespace: it, and what the claim of the workspace is called there."""
    events: tuple[PodEvent, ...] = ()
    """The newest ones, the oldest first."""


class Runtime(Protocol):
    """Contract, checked by one suite against every implementation:

    - `ensure` is idempotent and returns once the wish is taken, before the pod is ready. Called with the digest
      that already runs it changes nothing; with another it restarts OpenCode under the new configuration,
      keeping the workspace.
    - A pod that uses more memory than its limit loses processes until it fits, and its part says so.
    - A part that dies on its own is restarted with growing delays; `observe` says FAILED with the reason while
      it is down after the first quick retry, PENDING while it comes up, RUNNING when every part is ready.
    - `stop` ends every process of the pod gracefully (30 s at most), keeps the workspace, leaves no orphan, and
      is a no-op on a pod that is not there. `remove` is `stop` and then the end of the workspace.
    - `open` finds pods that outlived a dead controller: they are adopted and observed as they are, or, when
      they are not whole, ended. A process that merely has a recorded number is never touched.
    - `known` are the projects of which something is left: a pod, or a workspace.
    - `watch` yields an observation whenever one changes, starting with the current ones.
    - `logs` returns the newest lines of one part, oldest first, secrets already taken out.
    - Every fault is an `opm.server.core.errors.RuntimeFault`.
    """

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ensure(self, spec: PodSpec) -> None: ...

    async def stop(self, project_id: UUID) -> None: ...

    async def remove(self, project_id: UUID) -> None: ...

    async def observe(self, project_id: UUID) -> Observation: ...

    async def known(self) -> set[UUID]: ...

    def watch(self) -> AsyncIterator[Observation]: ...

    async def logs(self, project_id: UUID, part: Part, lines: int = 200) -> list[str]: ...
