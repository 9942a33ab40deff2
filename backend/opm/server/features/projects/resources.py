"""What pods may use: what projects ask for, within what the operator allows."""

from opm.server.core.errors import Invalid
from opm.server.core.settings import RuntimeSettings, Settings
from opm.server.db.models import Project
from opm.server.features.projects.schemas import NewProject, ProjectPatch, Resources
from opm.server.runtime.base import Limits

_ON_THIS_MACHINE = (
    "Memory is looked at each second, that of all processes of the pod together: when it is too much, the largest "
    "command is ended, or the part itself, with the reason “out of memory”. What grows faster than that is not "
    "stopped in time. Processors are whole ones here: the limit is rounded up, and nothing of the pod runs on others."
)

_ON_A_CLUSTER = (
    "Memory is divided among the containers of the pod: most for the agent, a quarter for people's terminals. What "
    "takes more than its share is ended at once, with the reason “out of memory”, and started again. Processors are "
    "lent: each container is slowed down at its own bound."
)


def check(asked: NewProject | ProjectPatch, settings: RuntimeSettings) -> None:
    _check("memory_mb", asked.memory_mb, settings.memory_mb_max, "MB of memory")
    _check("cpu_limit", asked.cpu_limit, settings.cpu_limit_max, "processors")


def _check(field: str, asked: float | None, most: float | None, unit: str) -> None:
    if asked is not None and most is not None and asked > most:
        raise Invalid(f"The operator allows a pod {most:g} {unit} at most.", field=field)


def limits_of(project: Project, settings: RuntimeSettings) -> Limits:
    memory = _least(project.memory_mb or settings.memory_mb, settings.memory_mb_max)
    cpus = _least(project.cpu_limit or settings.cpu_limit, settings.cpu_limit_max)
    return Limits(None if memory is None else int(memory), cpus)


def _least(wanted: float | None, most: float | None) -> float | None:
    return min((value for value in (wanted, most) if value is not None), default=None)


def offered(settings: Settings) -> Resources:
    """On a cluster nothing is without a bound."""
    runtime, cluster = settings.runtime, settings.kubernetes if settings.runtime.kind == "kubernetes" else None
    memory = _least(runtime.memory_mb or (cluster and cluster.memory_mb), runtime.memory_mb_max)
    return Resources(
        memory_mb=None if memory is None else int(memory),
        memory_mb_max=runtime.memory_mb_max,
        cpu_limit=_least(runtime.cpu_limit or (cluster and cluster.cpus), runtime.cpu_limit_max),
        cpu_limit_max=runtime.cpu_limit_max,
        enforcement=_ON_A_CLUSTER if cluster else _ON_THIS_MACHINE,
    )
