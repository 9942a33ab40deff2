"""What Prometheus reads, where, and what it must not learn."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from opm.server.api import metrics
from opm.server.core.errors import Conflict
from opm.server.db.engine import Database
from tests.builders import World
from tests.postgres import free_port

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def watched(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path, metrics={"port": free_port()})


WORK = metrics.Work(leads=lambda: True, taken_over=lambda: 3, driven=lambda: 2)


async def scrape(world: World, path: str = "/metrics") -> tuple[Samples, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{world.ports.settings.metrics.port}{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}, answer.text


async def test_runs_and_their_queue(watched: World) -> None:
    ada = await watched.person("ada")
    project = await watched.project(ada)
    cards = [await watched.task(ada, project) for _ in range(3)]
    await watched.working(ada, project, cards[0].id)
    for card in cards[1:]:
        await watched.execute(ada, project, card.id)
    watched.clock.pass_by(seconds=30)
    async with metrics.served(watched.ports, WORK):
        seen, _ = await scrape(watched, "/api/metrics")
    states = {state: seen["opm_runs", (("status", state),)] for state in ("queued", "starting", "running")}
    assert states == {"queued": 2, "starting": 0, "running": 1}
    assert seen["opm_queue_oldest_seconds", ()] >= (30 if watched.ports.db.sqlite else 0)
    assert seen["opm_database_up", ()] == 1
    assert (seen["opm_leader", ()], seen["opm_lease_takeovers_total", ()], seen["opm_runs_driven", ()]) == (1, 3, 2)


async def test_requests_are_counted_by_route_and_never_by_whom_or_about_what(watched: World) -> None:
    ada = await watched.person("ada")
    project = await watched.project(ada, "Secret plans")
    async with watched.client(watched.app(), ada) as browser:
        for _ in range(3):
            assert (await browser.get(f"/projects/{project.slug}/tasks")).status_code == 200
        assert (await browser.get("/projects/nobody-has-this")).status_code == 404
        await browser.request("BREW", "/projects")
    async with metrics.served(watched.ports, WORK):
        seen, text = await scrape(watched)
    label = (("method", "GET"), ("route", "/api/projects/{project}/tasks"), ("status", "200"))
    assert seen["opm_http_requests_total", label] == 3
    assert seen["opm_http_request_seconds_count", label[:2]] == 3
    for private in (project.slug, str(project.id), str(ada.user_id), "nobody-has-this", "BREW"):
        assert private not in text


async def test_what_people_reach_has_no_metrics(watched: World) -> None:
    async with watched.client(watched.app()) as browser:
        assert (await browser.get("/metrics")).status_code == 404
        assert "opm_" not in (await browser.get("/../metrics")).text


async def test_without_a_port_nothing_is_served(world: World) -> None:
    async with metrics.served(world.ports, WORK) as port:
        assert port == 0


async def test_a_taken_port_is_told(watched: World) -> None:
    async with metrics.served(watched.ports, WORK):
        with pytest.raises(Conflict, match="Cannot serve metrics"):
            async with metrics.served(
                World(watched.ports.db, watched.ports.settings.data_dir, metrics=watched.ports.settings.metrics).ports
            ):
                pass


async def test_a_database_that_is_away_is_said_and_hides_nothing_else(tmp_path: Path) -> None:
    gone = Database.at(f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/none", pool_timeout=0.2)
    world = World(gone, tmp_path, metrics={"port": free_port()})
    async with metrics.served(world.ports, WORK):
        seen, _ = await scrape(world)
    assert seen["opm_database_up", ()] == 0
    assert ("opm_runs", (("status", "queued"),)) not in seen
    assert [seen["opm_db_pool", (("state", state),)] for state in ("used", "idle", "spare")] == [0, 0, 10]
    assert seen["opm_bus_connected", ()] == 1
    await gone.close()
