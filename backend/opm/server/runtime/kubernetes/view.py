"""What is told about a project's pod, worked out from what the cluster says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from opm.server.runtime.base import Endpoint, Observation, Part, PartStatus, PodEvent, PodPhase
from opm.server.runtime.kubernetes import names, reasons
from opm.server.runtime.kubernetes.containers import PORTS
from opm.server.runtime.kubernetes.objects import Event, Pod

EVENTS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Effort:
    """What this controller is doing to have the pod made."""

    trouble: str | None = None
    failed: bool = False
    """Beyond the first quick retry."""


def observation(
    project_id: UUID, namespace: str, pod: Pod | None, events: Sequence[Event], effort: Effort | None, now: datetime
) -> Observation:
    phase, reason = _phase(pod, events, effort, now)
    running = phase is PodPhase.RUNNING
    return Observation(
        project_id=project_id,
        phase=phase,
        reason=reason,
        digest=pod.metadata.annotations.get(names.DIGEST) if pod is not None else None,
        incarnation=_incarnation(pod) if pod is not None else None,
        endpoint=_endpoint(pod.status.pod_ip) if running and pod is not None else None,
        parts=_parts(pod, events) if pod is not None else (),
        name=names.name_of(project_id),
        namespace=namespace,
        volume=names.name_of(project_id),
        events=tuple(_told(event) for event in events if not _is_noise(event))[-EVENTS_TOLD:],
    )


def with_memory(seen: Observation, used: Mapping[str, int]) -> Observation:
    """`used`: bytes by container."""
    if not used:
        return seen
    parts = (replace(part, memory_bytes=used.get(names.CONTAINERS[part.part])) for part in seen.parts)
    return replace(seen, parts=tuple(parts))


def whole(pod: Pod) -> bool:
    """Every part is ready, as the pod says and as its node is believed."""
    statuses = pod.status.container_statuses
    ready = reasons.condition(pod, "Ready")
    return bool(
        pod.status.phase == "Running"
        and pod.metadata.deletion_timestamp is None
        and pod.status.pod_ip
        and len(statuses) >= 3
        and all(status.ready for status in statuses)
        and ready is not None
        and ready.status == "True"
    )


def _phase(
    pod: Pod | None, events: Sequence[Event], effort: Effort | None, now: datetime
) -> tuple[PodPhase, str | None]:
    if effort is not None and (effort.trouble or pod is None or pod.metadata.deletion_timestamp is not None):
        phase = PodPhase.FAILED if effort.failed else PodPhase.PENDING
        return phase, effort.trouble or _changing(pod, now)
    if pod is None:
        return PodPhase.ABSENT, None
    if effort is not None:
        # A pod that runs and is about to make way for another must not be taken for it.
        return PodPhase.PENDING, "The pod is being made anew under another configuration"
    if pod.metadata.deletion_timestamp is not None:
        return PodPhase.STOPPING, reasons.of_ending(pod, now)
    if whole(pod):
        return PodPhase.RUNNING, None
    return _troubled(pod, events, now)


def _changing(pod: Pod | None, now: datetime) -> str | None:
    if pod is None:
        return "The pod is being made"
    return reasons.of_ending(pod, now) or "The pod is being made anew under another configuration"


def _troubled(pod: Pod, events: Sequence[Event], now: datetime) -> tuple[PodPhase, str | None]:
    ended = reasons.of_whole(pod) or reasons.of_node(pod, now)
    if ended is not None:
        return PodPhase.FAILED, ended
    early = reasons.of_place(pod, events, now) or reasons.of_seed(pod) or reasons.of_setup(pod, events, now)
    if early is not None:
        reason, lasting = early
        return (PodPhase.FAILED if lasting else PodPhase.PENDING), reason
    found = [
        reasons.of_container(status, names.PARTS[status.name], events)
        for status in pod.status.container_statuses
        if status.name in names.PARTS and not status.ready
    ]
    down = [reason for reason, lasting in found if lasting]
    if down:
        return PodPhase.FAILED, down[0]
    restarted = [reason for reason, _ in found if reason and "again" in reason]
    waiting = [reason for reason, _ in found if reason]
    return PodPhase.PENDING, [*restarted, *waiting, "The cluster looks for a place for the pod"][0]


def _parts(pod: Pod, events: Sequence[Event]) -> tuple[PartStatus, ...]:
    statuses = {status.name: status for status in pod.status.container_statuses}
    found: list[PartStatus] = []
    for part, name in names.CONTAINERS.items():
        if (status := statuses.get(name)) is not None:
            reason, _ = reasons.of_container(status, part, events)
            found.append(
                PartStatus(
                    part,
                    ready=status.ready and pod.metadata.deletion_timestamp is None,
                    restarts=status.restart_count,
                    reason=reason,
                    out_of_memory=reasons.out_of_memory(status),
                )
            )
    return tuple(found)


def _incarnation(pod: Pod) -> str | None:
    """Another container of OpenCode is another one, also within the same pod."""
    for status in pod.status.container_statuses:
        if status.name == names.CONTAINERS[Part.OPENCODE] and status.container_id:
            return f"{pod.metadata.uid}/{status.restart_count}"
    return None


def _endpoint(address: str) -> Endpoint:
    host = f"[{address}]" if ":" in address else address
    return Endpoint(f"http://{host}:{PORTS[Part.FILES]}", f"http://{host}:{PORTS[Part.SESSION]}")


def _is_noise(event: Event) -> bool:
    """That a part is not there before it has started is no news."""
    return event.reason == "Unhealthy" and event.message.startswith("Startup probe failed")


def _told(event: Event) -> PodEvent:
    return PodEvent(
        at=event.seen_at,
        reason=event.reason,
        message=reasons.short(event.message),
        times=event.times,
        warning=event.type == "Warning",
    )
