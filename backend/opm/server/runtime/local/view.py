"""What is told about a pod, worked out from its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from opm.server.runtime.base import Endpoint, Observation, Part, PodPhase
from opm.server.runtime.local.keeper import Keeper


@dataclass(slots=True)
class PodView:
    project_id: UUID
    digest: str | None = None
    wanted: bool = False
    stopping: bool = False
    changing: bool = False
    """Some parts make way for others under a new configuration."""
    failed: bool = False
    trouble: str | None = None
    """What went wrong with the pod as a whole, before or beside its parts."""

    def observation(self, keepers: Mapping[Part, Keeper]) -> Observation:
        phase, reason = self._phase(keepers)
        agent = keepers.get(Part.OPENCODE)
        return Observation(
            project_id=self.project_id,
            phase=phase,
            reason=reason,
            digest=self.digest,
            incarnation=(agent.incarnation or None) if agent is not None else None,
            endpoint=_endpoint(keepers) if phase is PodPhase.RUNNING else None,
            parts=tuple(keeper.status() for keeper in keepers.values()),
        )

    def _phase(self, keepers: Mapping[Part, Keeper]) -> tuple[PodPhase, str | None]:
        if self.stopping:
            return PodPhase.STOPPING, None
        if not keepers:
            return self._phase_without_parts()
        if self.changing or Part.OPENCODE not in keepers:
            return PodPhase.PENDING, self.trouble or "OpenCode is restarting under the new configuration"
        if all(keeper.ready for keeper in keepers.values()):
            return PodPhase.RUNNING, None
        waiting = [keeper for keeper in keepers.values() if not keeper.ready]
        beyond_quick_retry = [keeper for keeper in waiting if keeper.down and keeper.failures > 1]
        phase = PodPhase.FAILED if beyond_quick_retry else PodPhase.PENDING
        first = (beyond_quick_retry or sorted(waiting, key=lambda keeper: keeper.reason is None))[0]
        return phase, first.status().reason

    def _phase_without_parts(self) -> tuple[PodPhase, str | None]:
        if self.failed:
            return PodPhase.FAILED, self.trouble
        if self.wanted:
            return PodPhase.PENDING, self.trouble
        return (PodPhase.FAILED, self.trouble) if self.trouble else (PodPhase.ABSENT, None)


def _endpoint(keepers: Mapping[Part, Keeper]) -> Endpoint:
    files, session = keepers[Part.FILES].plan.port, keepers[Part.SESSION].plan.port
    return Endpoint(f"http://127.0.0.1:{files}", f"http://127.0.0.1:{session}")
