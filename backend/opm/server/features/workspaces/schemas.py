"""A project's pod as the loops see it: what is wanted, what is there."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wish:
    """What one project's pod shall be. `busy`: a run is being worked on, so its driver sees to the pod."""

    project_id: UUID
    desired: str
    busy: bool
    idle: bool
