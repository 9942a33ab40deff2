"""What a project's objects are called and marked with: from its immutable id alone, never from what a user wrote."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from opm.server.runtime.base import Part

PREFIX = "opm-"
MANAGER = "opm"
PROJECT = "opm.dev/project"
SELECTOR = "app.kubernetes.io/managed-by=opm,app.kubernetes.io/name=opm-pod"
DIGEST = "opm.dev/digest"
TEMPLATE = "opm.dev/template"
"""Hash of the manifests: another one means another image, limit or rule, which waits for a pause of the agent."""
DOORS = "opm.dev/doors"
"""Hash of the pod's passwords: another one means that this controller could not speak to it."""

CONTAINERS: Mapping[Part, str] = {
    Part.OPENCODE: "opencode",
    Part.FILES: "file-browser",
    Part.SESSION: "session-proxy",
    Part.MODEL: "model",
}
PARTS: Mapping[str, Part] = {name: part for part, name in CONTAINERS.items()}
SEED = "seed"


def name_of(project_id: UUID) -> str:
    """The one name of the project's claim, pod, configuration, secret and policy."""
    return PREFIX + hashlib.sha256(str(project_id).encode()).hexdigest()[:20]


def labels(project_id: UUID) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "opm-pod",
        "app.kubernetes.io/managed-by": MANAGER,
        PROJECT: str(project_id),
    }


def project_of(marks: Mapping[str, str], name: str) -> UUID | None:
    """Whose object this is; None when its mark and its name do not belong together."""
    try:
        project_id = UUID(marks.get(PROJECT, ""))
    except ValueError:
        return None
    return project_id if name == name_of(project_id) else None
