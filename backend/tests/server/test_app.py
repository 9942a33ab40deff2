"""The application put together: opened and closed in order, without loops if so wished, with real parts by default."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opm.server.api.signins import SignIns
from opm.server.api.vigil import Vigil
from opm.server.app import build_ports, build_runtime, create_app, local_settings
from opm.server.clients.pods import HttpPodClients
from opm.server.core.clock import SystemClock
from opm.server.core.settings import Settings
from opm.server.features.users.schemas import Living
from opm.server.realtime.memory import MemoryBus
from opm.server.runtime.kubernetes import KubernetesRuntime
from opm.server.runtime.local import LocalRuntime
from tests.builders import World
from tests.fakes.runtime import FakeRuntime


class NotedRuntime(FakeRuntime):
    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    async def open(self) -> None:
        self.order.append("opened")

    async def close(self) -> None:
        self.order.append("closed")
        await super().close()


class Broken(NotedRuntime):
    async def open(self) -> None:
        raise OSError("no room for pods")


def with_runtime(world: World, runtime: FakeRuntime) -> Any:
    return replace(world.ports, runtime=runtime)


async def test_parts_are_opened_and_closed(small_world: World) -> None:
    runtime = NotedRuntime()
    app = create_app(small_world.ports.settings, with_runtime(small_world, runtime))
    async with app.router.lifespan_context(app):
        assert runtime.order == ["opened"]
        assert not small_world.clients.closed
    assert runtime.order == ["opened", "closed"]
    assert small_world.clients.closed


async def test_without_loops_pods_are_left_alone(small_world: World) -> None:
    runtime = NotedRuntime()
    app = create_app(small_world.ports.settings, with_runtime(small_world, runtime), background=False)
    async with app.router.lifespan_context(app):
        pass
    assert runtime.order == []
    assert small_world.clients.closed


async def test_what_was_opened_is_closed_when_the_rest_fails(small_world: World) -> None:
    app = create_app(small_world.ports.settings, with_runtime(small_world, Broken()))
    with pytest.raises(OSError, match="no room"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it must not start")
    assert small_world.clients.closed


async def test_the_real_parts_are_the_default(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    ports = build_ports(settings)
    assert isinstance(ports.clock, SystemClock)
    assert isinstance(ports.bus, MemoryBus)
    assert isinstance(ports.runtime, LocalRuntime)
    assert isinstance(ports.clients, HttpPodClients)
    assert ports.db.sqlite
    assert (tmp_path / "secret.keys").stat().st_mode & 0o077 == 0
    again = build_ports(settings)
    sealed = ports.cipher.seal("x", place="here")
    assert again.cipher.open(sealed, place="here") == "x"
    for made in (ports, again):
        await made.db.close()
        await made.clients.close()


def test_settings_reach_the_runtime(tmp_path: Path) -> None:
    binary = tmp_path / "opencode"
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "opencode": {"binary": binary},
            "runtime": {"start_timeout": 7, "stop_timeout": 3, "keep_pods": True},
        }
    )
    local = local_settings(settings)
    assert (local.data_dir, local.opencode) == (tmp_path, binary)
    assert (local.start_timeout, local.stop_timeout, local.keep_on_close) == (7, 3, True)


def test_pods_run_on_a_cluster_where_the_settings_say_so(tmp_path: Path) -> None:
    made = build_runtime(Settings.model_validate({"data_dir": tmp_path, "runtime": {"kind": "kubernetes"}}))
    assert isinstance(made, KubernetesRuntime)


def test_no_page_of_documentation_is_served(small_world: World) -> None:
    app = small_world.app()
    assert app.docs_url is None
    assert app.redoc_url is None
    assert app.openapi_url == "/api/openapi.json"


class Watched(SignIns):
    """Says when it is asked, and answers after a while."""

    def __init__(self, world: World) -> None:
        super().__init__(world.ports)
        self.asked = asyncio.Event()

    async def living(self, families: list[UUID]) -> dict[UUID, Living]:
        async with self._ports.scope(write=False) as scope:
            found = await scope.users.living(families)
            self.asked.set()
            await asyncio.sleep(60)
        return found


async def test_a_look_at_sign_ins_that_is_under_way_ends_before_the_database_is_closed(small_world: World) -> None:
    """Else it is cut off while it gives back its connection, which is told as a fault."""
    ann = await small_world.person("ann")
    app = small_world.app()
    async with app.router.lifespan_context(app):
        sign_ins = Watched(small_world)
        app.state.vigil = vigil = Vigil(sign_ins, 0.01)
        with vigil.over(ann):
            await asyncio.wait_for(sign_ins.asked.wait(), 5)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert small_world.ports.db.pool()["used"] == 0
