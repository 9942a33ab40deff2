"""After a gap of the bus only those read anew whose board may have changed; on both databases."""

from typing import Any

import orjson
import pytest

from opm.server.core.errors import Unavailable
from opm.server.features.projects.schemas import ProjectSummary
from opm.server.features.tasks.schemas import TaskPatch
from opm.server.realtime.hub import Hub
from opm.server.realtime.reader import BoardReader
from tests.builders import World
from tests.fakes.bus import GappyBus


class Scene:
    """Two boards, each watched in another controller than the one in which things happen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bus = GappyBus()
        self.hub = Hub(self.bus, backlog_bytes=1 << 20)
        self.hub.look_by(world.ports.board_marks)
        self.readers: dict[Any, BoardReader] = {}

    async def furnish(self) -> None:
        self.actor = await self.world.person("ada")
        self.projects = [await self.world.project(self.actor, name) for name in ("Here", "There")]
        for project in self.projects:
            reader = self.readers[project.id] = self.hub.board()
            self.hub.follow(reader, project.id, None)
        await self.bus.break_off()
        for project in self.projects:
            assert await self.told(project) == ["subscribed", "reset", "subscribed"], "the first look knows nothing"

    async def told(self, project: ProjectSummary) -> list[str]:
        return [orjson.loads(text)["type"] for text in await self.readers[project.id].take(0)]


@pytest.fixture
async def scene(world: World) -> Scene:
    made = Scene(world)
    await made.furnish()
    return made


async def test_where_nothing_happened_nothing_is_read(scene: Scene) -> None:
    await scene.bus.break_off()
    assert [await scene.told(project) for project in scene.projects] == [[], []]


async def test_every_kind_of_news_is_noticed_on_its_own_board_alone(scene: Scene) -> None:
    world, actor, (here, there) = scene.world, scene.actor, scene.projects
    card = await world.task(actor, here)

    async def noticed(what: str) -> None:
        await scene.bus.break_off()
        assert await scene.told(here) == ["reset", "subscribed"], what
        assert await scene.told(there) == [], what
        await scene.bus.break_off()
        assert await scene.told(here) == [], f"{what}, once"

    await noticed("a new card")
    await world.do(lambda s: s.tasks.patch(actor, here.slug, card.id, TaskPatch(title="Brew longer"), None))
    await noticed("a changed card")
    await world.config(actor, here, provider="demo", model="demo", instructions="Be brief.")
    await noticed("another configuration")
    await world.do(lambda s: s.workspaces.start(actor, here.slug))
    await noticed("a wish for a pod")
    claim = await world.working(actor, here, card.id)
    await noticed("a run")
    await world.do(lambda s: s.runs.retrying(claim, "The provider is busy."))
    await noticed("a retry")
    await world.finish(claim)
    await noticed("the end of a run")


async def test_a_look_that_fails_counts_as_change(scene: Scene) -> None:
    await scene.world.ports.db.close()
    scene.hub.look_by(unreachable)
    await scene.bus.break_off()
    assert [await scene.told(project) for project in scene.projects] == [["reset", "subscribed"]] * 2


async def unreachable(_: Any) -> dict[Any, str]:
    raise Unavailable("The database cannot be reached right now.")
