"""What is read of the cluster's objects: the few fields that matter here; the rest is never kept."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec


class _Object(msgspec.Struct, rename="camel", frozen=True):
    pass


class Meta(_Object, frozen=True):
    name: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class Condition(_Object, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Waiting(_Object, frozen=True):
    reason: str = ""
    message: str = ""


class Running(_Object, frozen=True):
    started_at: datetime | None = None


class Terminated(_Object, frozen=True):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class State(_Object, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Object, frozen=True):
    name: str
    ready: bool = False
    restart_count: int = 0
    container_id: str = msgspec.field(name="containerID", default="")
    image: str = ""
    state: State = State()
    last_state: State = State()


class PodStatus(_Object, frozen=True):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class NodeName(_Object, frozen=True):
    node_name: str = ""


class Object(_Object, frozen=True):
    """Of any kind, as far as all are alike."""

    metadata: Meta


class Pod(Object, frozen=True):
    spec: NodeName = NodeName()
    status: PodStatus = PodStatus()


class ClaimStatus(_Object, frozen=True):
    phase: str = ""


class Claim(Object, frozen=True):
    status: ClaimStatus = ClaimStatus()


class Reference(_Object, frozen=True):
    kind: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""
    """Of a container: ``spec.containers{name}``."""


class Series(_Object, frozen=True):
    count: int = 0
    last_observed_time: datetime | None = None


class Event(Object, frozen=True):
    involved_object: Reference = Reference()
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: Series | None = None

    @property
    def seen_at(self) -> datetime | None:
        late = self.series.last_observed_time if self.series else None
        return late or self.last_timestamp or self.event_time or self.first_timestamp

    @property
    def times(self) -> int:
        return (self.series.count if self.series else 0) or self.count or 1


class Status(_Object, frozen=True):
    """How the API says that something was not done."""

    message: str = ""
    reason: str = ""
    code: int = 0


class ListMeta(_Object, frozen=True):
    resource_version: str = ""
    next: str = msgspec.field(name="continue", default="")


T = TypeVar("T", bound=Object)


class Page(msgspec.Struct, Generic[T], frozen=True):
    metadata: ListMeta
    items: tuple[T, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A line of a watch; what `object` is depends on `type`."""

    type: str
    object: msgspec.Raw


class Consumption(_Object, frozen=True):
    memory: str = ""


class ContainerMetrics(_Object, frozen=True):
    name: str
    usage: Consumption = Consumption()


class PodMetrics(Object, frozen=True):
    containers: tuple[ContainerMetrics, ...] = ()


class Secret(Object, frozen=True):
    data: dict[str, str] = {}


def decode(body: bytes, kind: type[Any]) -> Any:
    return msgspec.json.decode(body, type=kind)
