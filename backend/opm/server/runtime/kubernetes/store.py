"""What is known of the cluster: told by the watches, and at once by whoever changed something."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from opm.server.runtime.kubernetes import names
from opm.server.runtime.kubernetes.objects import Claim, Event, Object, Pod

EVENTS_KEPT = 20
DEAD_KEPT = 4096

T = TypeVar("T", Pod, Claim)
Tell = Callable[[UUID], None]


class Shelf(Generic[T]):
    """The objects of one kind that are ours, by project."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._items: dict[UUID, T] = {}
        self._dead: OrderedDict[str, None] = OrderedDict()

    def get(self, project_id: UUID) -> T | None:
        return self._items.get(project_id)

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._items)

    def replace(self, items: Iterable[T]) -> None:
        before = self._items
        self._items = {project_id: item for item in items if (project_id := owner_of(item)) is not None}
        for item in before.values():
            if (project_id := owner_of(item)) is not None and not _same(self._items.get(project_id), item):
                self._bury(item)
        for project_id in before.keys() | self._items.keys():
            self._tell(project_id)

    def learn(self, item: T) -> None:
        """The answer to a change of ours; one that comes late must not bring back what is gone."""
        if item.metadata.uid not in self._dead:
            self.put(item)

    def put(self, item: T) -> None:
        project_id = owner_of(item)
        if project_id is None:
            return
        self._dead.pop(item.metadata.uid, None)
        known = self._items.get(project_id)
        if known is not None and _same(known, item) and _version(known) > _version(item):
            return
        self._items[project_id] = item
        self._tell(project_id)

    def drop(self, item: T) -> None:
        self._bury(item)
        project_id = owner_of(item)
        if project_id is not None and _same(self._items.get(project_id), item):
            del self._items[project_id]
            self._tell(project_id)

    def _bury(self, item: T) -> None:
        self._dead[item.metadata.uid] = None
        while len(self._dead) > DEAD_KEPT:
            self._dead.popitem(last=False)


class EventShelf:
    """The newest events of each of our objects, by their name."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._items: dict[str, OrderedDict[str, Event]] = {}

    def of(self, name: str) -> list[Event]:
        return list(self._items.get(name, OrderedDict[str, Event]()).values())

    def replace(self, items: Iterable[Event]) -> None:
        self._items = {}
        for item in sorted(items, key=_version):
            self.put(item)

    def put(self, item: Event) -> None:
        about = item.involved_object
        if about.kind not in {"Pod", "PersistentVolumeClaim"} or not about.name.startswith(names.PREFIX):
            return
        kept = self._items.setdefault(about.name, OrderedDict())
        kept[item.metadata.name] = item
        kept.move_to_end(item.metadata.name)
        while len(kept) > EVENTS_KEPT:
            kept.popitem(last=False)
        self._tell(about.name)

    def drop(self, item: Event) -> None:
        """The cluster forgets events after an hour; so is done here."""
        kept = self._items.get(item.involved_object.name)
        if kept is not None:
            kept.pop(item.metadata.name, None)
            if not kept:
                del self._items[item.involved_object.name]


@dataclass(slots=True)
class Store:
    tell: Tell
    pods: Shelf[Pod] = field(init=False)
    claims: Shelf[Claim] = field(init=False)
    events: EventShelf = field(init=False)
    _ids: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def __post_init__(self) -> None:
        self.pods, self.claims = Shelf[Pod](self._changed), Shelf[Claim](self._changed)
        self.events = EventShelf(self._news_of)

    def known(self) -> set[UUID]:
        return {*self.pods, *self.claims}

    def events_of(self, project_id: UUID) -> list[Event]:
        """Of the objects that are there now, the oldest first."""
        alive = {item.metadata.uid for item in (self.pods.get(project_id), self.claims.get(project_id)) if item}
        return [event for event in self.events.of(names.name_of(project_id)) if event.involved_object.uid in alive]

    def _changed(self, project_id: UUID) -> None:
        self._ids[names.name_of(project_id)] = project_id
        if self.pods.get(project_id) is None and self.claims.get(project_id) is None:
            self._ids.pop(names.name_of(project_id), None)
        self.tell(project_id)

    def _news_of(self, name: str) -> None:
        project_id = self._ids.get(name)
        if project_id is not None:
            self.tell(project_id)


def owner_of(item: Object) -> UUID | None:
    return names.project_of(item.metadata.labels, item.metadata.name)


def _same(one: Object | None, other: Object) -> bool:
    return one is not None and one.metadata.uid == other.metadata.uid


def _version(item: Object) -> int:
    version = item.metadata.resource_version
    return int(version) if version.isdigit() else 0
