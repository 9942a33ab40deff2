"""A stage for the loops: one project, an agent that follows a script, and time that runs ten times faster.

What the loops wait for (patience, watchdogs, back-off) is measured on the event loop's clock, so a loop whose clock
runs faster shows minutes in seconds, without touching what is tested. The database does not know about it.
"""

import asyncio
import contextlib
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from opm.server.background.pump.claims import Pump
from opm.server.core.paging import PageRequest
from opm.server.core.settings import RunSettings
from opm.server.db.engine import Database
from opm.server.db.models import OpencodeSession, SessionEvent
from opm.server.features.interactions.schemas import Feedback, Interaction, InteractionKind
from opm.server.features.sessions.schemas import RunStatus
from opm.server.features.tasks.schemas import Task
from opm.server.runtime.base import Runtime
from opm.server.wiring import Ports
from tests.builders import World
from tests.fakes.agent import FakeAgent, Script, Turn
from tests.fakes.runtime import FakeRuntime

PACE = 10
ALL = PageRequest(limit=200)
T = TypeVar("T")


class HastySelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout / PACE if timeout else timeout)


class HastyLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(HastySelector())

    def time(self) -> float:
        return super().time() * PACE


class Stage:
    def __init__(self, world: World, runtime: Runtime | None) -> None:
        self.world = world
        self.ports: Ports = replace(world.ports, runtime=runtime) if runtime else world.ports
        self._loops: list[asyncio.Task[None]] = []
        self._pumps: list[Pump] = []

    async def furnish(self) -> None:
        self.actor = await self.world.person("ada")
        self.project = await self.world.project(self.actor)
        self.agent = FakeAgent()
        self.play(self.agent)

    def play(self, agent: FakeAgent) -> None:
        self.agent = agent
        self.world.clients.agents[self.project.id] = agent

    @property
    def runtime(self) -> FakeRuntime:
        runtime = self.ports.runtime
        assert isinstance(runtime, FakeRuntime)
        return runtime

    # --- loops ---------------------------------------------------------------------------------------------

    def spawn(self, loop: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(loop)
        self._loops.append(task)
        return task

    def pump(self) -> Pump:
        """A controller that looks for runs."""
        pump = Pump(self.ports)
        self._pumps.append(pump)
        self.spawn(pump.run())
        return pump

    async def drop(self, pump: Pump) -> None:
        """The controller is gone without a goodbye, and its leases run out."""
        await self.silence()
        await pump.stop()
        self.world.clock.pass_by(hours=1)

    async def silence(self) -> None:
        """No loop looks for anything any more; drivers at work go on."""
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops.clear()

    async def end(self) -> None:
        await self.silence()
        for pump in self._pumps:
            await pump.stop()
        for agent in self.world.clients.agents.values():
            await agent.crash()
        await self.ports.runtime.close()

    # --- what people do ------------------------------------------------------------------------------------

    async def execute(self, script: Script | None = None, title: str = "Brew") -> UUID:
        """A new card, given to the agent."""
        if script is not None:
            self.agent.script = script
        task = await self.world.task(self.actor, self.project, title)
        await self.world.execute(self.actor, self.project, task.id)
        return task.id

    async def cancel(self, task_id: UUID) -> None:
        await self.world.do(lambda s: s.sessions.cancel(self.actor, self.project.slug, task_id))

    async def answer(self, ask: Interaction, **answer: Any) -> None:
        await self.world.do(
            lambda s: s.interactions.answer(self.actor, self.project.slug, ask.task_id, ask.id, ask.kind, answer)
        )

    async def feedback(self, task_id: UUID, message: str) -> None:
        said = Feedback(message=message)
        await self.world.do(lambda s: s.sessions.feedback(self.actor, self.project.slug, task_id, said))

    # --- what can be seen ----------------------------------------------------------------------------------

    async def card(self, task_id: UUID) -> Task:
        return await self.world.card(self.actor, self.project, task_id)

    async def run(self, task_id: UUID) -> OpencodeSession:
        """The newest run of a card."""
        return [row for row in await self.world.rows(OpencodeSession) if row.task_id == task_id][-1]

    async def until(self, task_id: UUID, status: RunStatus) -> OpencodeSession:
        return await eventually(lambda: self._in(task_id, status), f"a run that is {status}")

    async def ended(self, task_id: UUID) -> OpencodeSession:
        return await eventually(lambda: self._over(task_id), "the end of a run")

    async def ask(self, task_id: UUID, kind: InteractionKind) -> Interaction:
        """The open ask of a card, once there is one."""
        return await eventually(lambda: self._asked(task_id, kind), f"a {kind}")

    async def interactions(self, task_id: UUID) -> list[Interaction]:
        page = await self.world.do(
            lambda s: s.interactions.page(self.actor, self.project.slug, task_id, ALL), write=False
        )
        return page.items

    async def output(self, task_id: UUID) -> list[dict[str, Any]]:
        """What was recorded of the newest run, its numbers checked."""
        run = await self.run(task_id)
        rows = [row for row in await self.world.rows(SessionEvent) if row.session_id == run.id]
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "numbers without gaps"
        return [row.data for row in rows]

    async def words(self, task_id: UUID) -> str:
        """The agent's words as a reader ends up seeing them."""
        run = await self.run(task_id)
        texts = await self.world.do(lambda s: s.output.texts(run.id), write=False)
        return "|".join(text for text in texts.values() if text)

    async def said(self, task_id: UUID, text: str) -> None:
        await eventually(lambda: self._says(task_id, text), f"the words {text!r}")

    async def statuses(self, task_id: UUID) -> list[str]:
        return [event["data"] for event in await self.output(task_id) if event["type"] == "status"]

    async def _in(self, task_id: UUID, status: RunStatus) -> OpencodeSession | None:
        run = await self.run(task_id)
        return run if run.status == status else None

    async def _over(self, task_id: UUID) -> OpencodeSession | None:
        run = await self.run(task_id)
        return run if run.verdict is not None else None

    async def _asked(self, task_id: UUID, kind: InteractionKind) -> Interaction | None:
        asks = await self.interactions(task_id)
        return next((i for i in asks if (i.kind, i.state) == (kind, "pending")), None)

    async def _says(self, task_id: UUID, text: str) -> bool:
        return text in await self.words(task_id)


async def eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """What `look` gives once it gives something."""
    async with asyncio.timeout(60 * PACE):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.02 * PACE)


@contextlib.asynccontextmanager
async def staged(database: Database, folder: Path, runtime: Runtime | None = None, **run: Any) -> AsyncIterator[Stage]:
    # leases outlast every test unless a test moves the rows' clock
    world = World(database, folder, run=RunSettings(**({"lease": 3000} | run)))
    stage = Stage(world, runtime)
    await stage.furnish()
    try:
        yield stage
    finally:
        await stage.end()


class Play:
    """A run that talks, waits to be told, and talks on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, turn: Turn) -> None:
        await turn.say("Before it broke.")
        await self.go_on.wait()
        await turn.say("After that.")
        await turn.finish()
