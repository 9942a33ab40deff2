"""What each part of a pod is started as, and how it is known to be well. Pure: nothing is started here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opm.server.runtime.base import Part, PodSpec
from opm.server.runtime.local import cpus, environment, probe
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.settings import LocalSettings
from opm.server.runtime.local.store import PodRecord, PodSecrets

NAMES: Mapping[Part, str] = {
    Part.OPENCODE: "OpenCode",
    Part.FILES: "The files sidecar",
    Part.SESSION: "The session sidecar",
    Part.MODEL: "The demo model",
}


@dataclass(frozen=True, slots=True)
class Launch:
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    cpus: frozenset[int] | None = None
    """The processors it is held to; None: all."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    part: Part
    port: int
    log: Path
    health_path: str = "/health"
    authorization: str = field(default="", repr=False)
    ready_line: bytes | None = None
    """Must have been said before the first probe."""
    launch: Launch | None = None
    """None for a part that was adopted and whose wish is not known yet: it can be watched, not started."""

    @property
    def name(self) -> str:
        return NAMES[self.part]


def parts_of(spec: PodSpec) -> list[Part]:
    parts = [Part.OPENCODE, Part.FILES, Part.SESSION]
    return [*parts, Part.MODEL] if spec.demo_model else parts


def planned(
    settings: LocalSettings, layout: PodLayout, spec: PodSpec, ports: Mapping[Part, int]
) -> dict[Part, PartPlan]:
    secrets = PodSecrets(spec.pass_key, spec.opencode_password)
    doors = {part: _door(layout, part, ports[part], secrets) for part in parts_of(spec)}
    return {part: _with_launch(door, _launch(settings, layout, spec, part, ports)) for part, door in doors.items()}


def adopted(layout: PodLayout, record: PodRecord, secrets: PodSecrets) -> dict[Part, PartPlan]:
    return {part: _door(layout, part, known.port, secrets) for part, known in record.parts.items()}


def _door(layout: PodLayout, part: Part, port: int, secrets: PodSecrets) -> PartPlan:
    if part is not Part.OPENCODE:
        return PartPlan(part, port, layout.log(part))
    return PartPlan(
        part,
        port,
        layout.log(part),
        health_path="/global/health",
        authorization=probe.basic(secrets.opencode_password),
        ready_line=b"server listening on http",
    )


def _with_launch(door: PartPlan, launch: Launch) -> PartPlan:
    return PartPlan(door.part, door.port, door.log, door.health_path, door.authorization, door.ready_line, launch)


def _launch(settings: LocalSettings, layout: PodLayout, spec: PodSpec, part: Part, ports: Mapping[Part, int]) -> Launch:
    port, share = ports[part], cpus.share(spec.project_id, spec.limits.cpus)
    if part is Part.OPENCODE:
        argv = (str(settings.opencode), "serve", "--hostname", "127.0.0.1", "--port", str(port))
        talk = ("--print-logs", "--log-level", "WARN")
        env = environment.for_opencode(settings, layout, spec, ports.get(Part.MODEL))
        return Launch((*argv, *talk), layout.workspace, env, share)
    upstream = ports[Part.OPENCODE] if part is Part.SESSION else None
    env = environment.for_sidecar(settings, layout, str(spec.project_id), port, opencode_port=upstream)
    return Launch(tuple(settings.sidecar(part)), layout.state, env, share)
