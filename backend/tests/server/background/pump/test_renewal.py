"""When a pod may be made anew because its images are old: before a run that begins, never under one that goes on."""

import asyncio
from pathlib import Path

from opm.server.db.engine import Database
from opm.server.runtime.base import PodSpec
from tests.fakes.agent import Turn
from tests.fakes.runtime import FakeRuntime
from tests.server.background.stage import staged


class AttentiveRuntime(FakeRuntime):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bool] = []
        self.heard = asyncio.Event()

    async def ensure(self, spec: PodSpec) -> None:
        self.asked.append(spec.renew)
        self.heard.set()
        await super().ensure(spec)


async def test_only_a_run_that_begins_alone_may_renew_the_pod(sqlite_database: Database, tmp_path: Path) -> None:
    runtime, go_on = AttentiveRuntime(), asyncio.Event()

    async def script(turn: Turn) -> None:
        await turn.say("At work.")
        await go_on.wait()
        await turn.finish()

    async with staged(sqlite_database, tmp_path, runtime) as stage:
        task = await stage.execute(script)
        pump = stage.pump()
        await stage.said(task, "work.")
        assert set(runtime.asked) == {True}
        runtime.asked.clear()
        runtime.heard.clear()
        await stage.drop(pump)
        stage.pump()
        async with asyncio.timeout(60):
            await runtime.heard.wait()
        go_on.set()
        await stage.ended(task)
        assert set(runtime.asked) == {False}, "the run that was taken over is at work in it"
