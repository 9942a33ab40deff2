"""The two probes: alive says nothing of the database, ready does."""

from pathlib import Path

from tests.fakes.clock import MovedClock
from tests.server.api.door import Door, open_ports, settings_for


async def test_alive_and_ready(tmp_path: Path) -> None:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path), clock) as ports:
        door = Door(ports, clock, tmp_path)
        async with door.client(Host="10.0.0.7:8400") as probe:
            assert (await probe.get("/api/healthz")).json() == {"status": "ok"}
            assert (await probe.get("/api/readyz")).json() == {"status": "ready"}


async def test_not_ready_without_a_database(tmp_path: Path) -> None:
    clock = MovedClock()
    settings = settings_for(tmp_path / "data")
    (tmp_path / "data").mkdir()
    async with open_ports(settings, clock) as ports:
        door = Door(ports, clock, tmp_path)
        await ports.db.close()
        (tmp_path / "data").rename(tmp_path / "gone")
        async with door.client() as probe:
            answer = await probe.get("/api/readyz")
            assert answer.status_code == 503
            assert answer.json()["error"]["type"] == "SERVICE_UNAVAILABLE"
            assert str(tmp_path) not in answer.text
            assert (await probe.get("/api/healthz")).status_code == 200


async def test_not_ready_with_another_schema(tmp_path: Path) -> None:
    clock = MovedClock()
    answers = [False, True]

    async def is_current() -> bool:
        return answers.pop(0)

    async with open_ports(settings_for(tmp_path), clock) as ports:
        door = Door(ports, clock, tmp_path)
        door.app.state.schema_is_current = is_current
        async with door.client() as probe:
            answer = await probe.get("/api/readyz")
            assert answer.status_code == 503
            assert "opm migrate" in answer.json()["error"]["message"]
            assert (await probe.get("/api/readyz")).status_code == 200


async def test_not_ready_while_it_stops(tmp_path: Path) -> None:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path), clock) as ports:
        door = Door(ports, clock, tmp_path)
        async with door.client() as probe:
            assert "connection" not in (await probe.get("/api/readyz")).headers
            door.app.state.draining = True
            answer = await probe.get("/api/readyz")
            assert (answer.status_code, answer.headers["connection"]) == (503, "close")
            assert (await probe.get("/api/healthz")).status_code == 200, "it still serves"
