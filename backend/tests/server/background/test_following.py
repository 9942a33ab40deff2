"""Workspaces are followed while somebody looks at them, through breaks, and no longer."""

import asyncio
from uuid import UUID

from opm.server.background import following
from opm.server.background.following import Following
from opm.server.realtime.reader import BoardReader
from opm.server.runtime.base import PodSpec
from opm.wire.events import FileChanged
from opm.wire.files import FileChange, WatchEvent
from tests.fakes.files import FakeFiles
from tests.server.background.stage import Stage, eventually


class Scene:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.files = FakeFiles()
        stage.world.clients.workspaces[self.project_id] = self.files
        self.following = Following(stage.ports)
        stage.spawn(self.following.run())

    @property
    def project_id(self) -> UUID:
        return self.stage.project.id

    async def start_pod(self) -> None:
        await self.stage.runtime.ensure(PodSpec(self.project_id, "d", {}))

    def look(self) -> BoardReader:
        reader = self.stage.ports.hub.board()
        self.stage.ports.hub.follow(reader, self.project_id, None)
        return reader

    async def watched(self, times: int = 1) -> None:
        async def is_so() -> bool:
            return len(self.files.watchers) == times

        await eventually(is_so, f"{times} watching")

    def told(self) -> list[tuple[str, str, bool]]:
        events = self.stage.world.announced("file_changed")
        return [(e.path, e.operation, e.many) for e in events if isinstance(e, FileChanged)]

    async def hears(self, *changes: tuple[str, str, bool]) -> None:
        async def heard() -> bool:
            return self.told()[-len(changes) :] == list(changes)

        await eventually(heard, f"{changes}, not {self.told()}")


ANYTHING = ("", "modify", True)


async def test_nobody_looks_and_nothing_is_asked(stage: Stage) -> None:
    scene = Scene(stage)
    await scene.start_pod()
    await asyncio.sleep(following.INTERVAL_SECONDS * 3)
    assert not scene.files.watchers
    assert not scene.following.followed


async def test_changes_reach_those_who_look_and_are_stored_nowhere(stage: Stage) -> None:
    scene = Scene(stage)
    await scene.start_pod()
    reader = scene.look()
    await scene.hears(ANYTHING)
    changes = [FileChange(path="a", operation="create"), FileChange(path="src", operation="modify", many=True)]
    scene.files.tell(WatchEvent(type="changes", items=changes))
    await scene.hears(("a", "create", False), ("src", "modify", True))
    said = "".join(await reader.take(1))
    assert '"path":"src","operation":"modify","many":true' in said


async def test_the_second_who_looks_costs_no_second_watch(stage: Stage) -> None:
    scene = Scene(stage)
    await scene.start_pod()
    first, second = scene.look(), scene.look()
    await scene.watched()
    second.close()
    await asyncio.sleep(following.LINGER_SECONDS * 2)
    await scene.watched()
    first.close()
    await scene.watched(0)
    assert not scene.following.followed


async def test_a_reload_keeps_the_watch(stage: Stage) -> None:
    scene = Scene(stage)
    await scene.start_pod()
    before = scene.look()
    await scene.watched()
    before.close()
    await asyncio.sleep(following.LINGER_SECONDS / 2)
    scene.look()
    await asyncio.sleep(following.LINGER_SECONDS * 3)
    assert scene.told() == [ANYTHING], "it was opened once"


async def test_looking_starts_no_pod_and_the_watch_begins_when_it_runs(stage: Stage) -> None:
    scene = Scene(stage)
    scene.look()
    await asyncio.sleep(following.NOT_RUNNING_SECONDS * 3)
    assert stage.runtime.calls == []
    assert scene.told() == []
    await scene.start_pod()
    await scene.hears(ANYTHING)


async def test_after_a_break_anything_may_have_changed(stage: Stage) -> None:
    scene = Scene(stage)
    await scene.start_pod()
    scene.look()
    await scene.hears(ANYTHING)
    scene.files.tell(None)
    await scene.hears(ANYTHING, ANYTHING)
    scene.files.tell(WatchEvent(type="limited", message="too many folders"))
    scene.files.tell(WatchEvent(type="changes", items=[FileChange(path="x", operation="delete")]))
    await scene.hears(("x", "delete", False))
