"""A project's pod as the loops see it: what is wanted, what is there."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wish:
    """What one project's pod shall be. `busy`: its driver sees to the pod, that of a run or of a clone."""

    project_id: UUID
    desired: str
    busy: bool
    idle: bool
    told: tuple[str, str | None]
    """Phase and reason that people are told now."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A repository that a workspace is to be made of."""

    url: str
    ref: str | None
    depth: int | None = None
    username: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
