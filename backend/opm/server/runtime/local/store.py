"""What a pod writes down so that the next controller can find it: facts in `pod.json`, secrets apart from them."""

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opm.server.runtime.base import Limits, Part
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.procfs import Identity


@dataclass(frozen=True, slots=True)
class PartRecord:
    identity: Identity
    port: int


@dataclass(frozen=True, slots=True)
class PodRecord:
    """A pod as it was last seen whole or in part. Holds no secret."""

    project_id: str
    digest: str
    incarnation: str
    started_at: str
    parts: dict[Part, PartRecord]
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class PodSecrets:
    pass_key: bytes = field(repr=False)
    opencode_password: str = field(repr=False)


def write_record(layout: PodLayout, record: PodRecord) -> None:
    parts = {
        part.value: {
            "pid": known.identity.pid,
            "started": known.identity.started,
            "boot": known.identity.boot,
            "port": known.port,
        }
        for part, known in record.parts.items()
    }
    _replace(
        layout.record,
        {
            "project_id": record.project_id,
            "digest": record.digest,
            "incarnation": record.incarnation,
            "started_at": record.started_at,
            "parts": parts,
            "limits": {"memory_mb": record.limits.memory_mb, "cpus": record.limits.cpus},
        },
    )


def read_record(layout: PodLayout) -> PodRecord | None:
    """None also when the file cannot be understood: such a pod is not whole."""
    try:
        data: dict[str, Any] = json.loads(layout.record.read_bytes())
        return PodRecord(
            project_id=str(data["project_id"]),
            digest=str(data["digest"]),
            incarnation=str(data["incarnation"]),
            started_at=str(data["started_at"]),
            parts={Part(name): _part(known) for name, known in data["parts"].items()},
            limits=Limits(**data.get("limits", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _part(known: dict[str, Any]) -> PartRecord:
    identity = Identity(int(known["pid"]), int(known["started"]), str(known["boot"]))
    return PartRecord(identity, int(known["port"]))


def forget_record(layout: PodLayout) -> None:
    layout.record.unlink(missing_ok=True)


def write_secrets(layout: PodLayout, secrets: PodSecrets) -> None:
    """The form the sidecars read; see their settings."""
    key = base64.b64encode(secrets.pass_key).decode()
    _replace(layout.secrets, {"pass_key": key, "opencode_password": secrets.opencode_password})


def read_secrets(layout: PodLayout) -> PodSecrets | None:
    try:
        data: dict[str, Any] = json.loads(layout.secrets.read_bytes())
        return PodSecrets(base64.b64decode(data["pass_key"], validate=True), str(data["opencode_password"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _replace(path: Path, data: dict[str, Any]) -> None:
    """A reader sees the old file or the new one, whole; it is never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(data, file)
    draft.replace(path)
