"""A pod in the words of a person who looks after it: what each part is doing, and what to do when it does not."""

from typing import Literal

from opm.server.features.projects.schemas import Pod, PodEvent, PodPart
from opm.server.runtime.base import Observation, Part, PartStatus, PodPhase

_DEATHS_THAT_COUNT = 3
_FAILED: dict[Part, str] = {
    Part.OPENCODE: "Look at its log. If the configuration was changed last, activate the version before it; "
    "`opm doctor` checks the OpenCode program.",
    Part.FILES: "Look at its log; then stop the pod and start it again.",
    Part.SESSION: "Look at its log; then stop the pod and start it again.",
    Part.MODEL: "Look at its log, or choose a real provider in the project's settings.",
}
_OFTEN = "It was restarted often. Look at its log; short memory of the machine is the usual cause."
_OUT_OF_MEMORY = (
    "Give the workspace more memory in the project's settings, then stop it and start it again; "
    "or let less be done at once."
)


def pod_of(seen: Observation) -> Pod:
    return Pod(
        phase=seen.phase.value,
        reason=seen.reason,
        parts=[_part(part, seen.phase) for part in seen.parts],
        advice=_advice(seen),
        name=seen.name,
        events=[
            PodEvent(at=one.at, reason=one.reason, message=one.message, times=one.times, warning=one.warning)
            for one in reversed(seen.events)
        ],
    )


def _part(part: PartStatus, phase: PodPhase) -> PodPart:
    state: Literal["ready", "starting", "failed"] = "ready" if part.ready else "starting"
    if not part.ready and phase == PodPhase.FAILED:
        state = "failed"
    advice = _FAILED[part.part] if state == "failed" else None
    if part.out_of_memory:
        advice = _OUT_OF_MEMORY
    if advice is None and part.restarts >= _DEATHS_THAT_COUNT:
        advice = _OFTEN
    return PodPart(
        part=part.part.value,
        ready=part.ready,
        restarts=part.restarts,
        memory_bytes=part.memory_bytes,
        reason=part.reason,
        state=state,
        advice=advice,
    )


def _advice(seen: Observation) -> str | None:
    if seen.phase == PodPhase.ABSENT:
        return "The pod is started by the next run, or when its files are opened; Start does it now."
    if seen.phase == PodPhase.FAILED:
        return "It is tried again by itself, with growing pauses. The part that failed says what to do."
    return None
