"""How a pod's limits are divided among its containers: what all of them may use together is what was asked for."""

from typing import Any

from opm.server.core.kubernetes import KubernetesSettings
from opm.server.runtime.base import Limits, Part

LEAST = {Part.FILES: 96, Part.SESSION: 128, Part.MODEL: 64}
"""MB a sidecar starts and works with."""
SHARE = {Part.FILES: 1 / 16, Part.SESSION: 1 / 4, Part.MODEL: 0.0}
"""Of the pod's memory. People's shells, and what they start in them, run in the session sidecar."""
CPU_SHARE = {Part.OPENCODE: 1.0, Part.FILES: 0.5, Part.SESSION: 0.5, Part.MODEL: 0.25}
"""Of the pod's processors as a bound; they are lent, not divided, since parts seldom work at the same time."""

LEAST_CPU = 50
"""Thousandths of a processor: with less a part does not even start where others are busy."""

Resources = dict[str, dict[str, str]]


def divided(settings: KubernetesSettings, limits: Limits, parts: tuple[Part, ...]) -> dict[Part, Resources]:
    total = limits.memory_mb or settings.memory_mb
    memory = {part: max(LEAST[part], int(total * SHARE[part])) for part in parts if part is not Part.OPENCODE}
    memory[Part.OPENCODE] = total - sum(memory.values())
    cpus = limits.cpus or settings.cpus
    return {part: _resources(settings, memory[part], cpus * CPU_SHARE[part]) for part in parts}


def _resources(settings: KubernetesSettings, memory_mb: int, cpus: float) -> Resources:
    share = settings.request_share
    return {
        "requests": {
            "cpu": f"{max(LEAST_CPU, int(cpus * 1000 * share / 2))}m",
            "memory": f"{max(48, int(memory_mb * share))}Mi",
            "ephemeral-storage": "64Mi",
        },
        "limits": {
            "cpu": f"{max(LEAST_CPU, int(cpus * 1000))}m",
            "memory": f"{memory_mb}Mi",
            "ephemeral-storage": settings.scratch_size,
        },
    }


def of_seed(budget: dict[Part, Resources]) -> dict[str, Any]:
    """The step before the parts asks for no more than the largest of them."""
    return {kind: dict(values) for kind, values in budget[Part.OPENCODE].items()}
