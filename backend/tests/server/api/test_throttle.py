"""Requests are counted for the person, or for the address while nobody is signed in; sign-ins more strictly."""

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from opm.server.api.deps import TRY_LATER
from opm.server.api.throttle import address_of
from opm.server.core.settings import RateSettings, Settings
from opm.server.db.engine import Database
from tests.builders import ORIGIN, World
from tests.fakes.clock import MovedClock
from tests.server.api.door import Door, open_ports, settings_for
from tests.serving import serving

UNCOUNTED = {"healthz", "readyz"}


def from_address(app: FastAPI, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 55_555))
    return httpx.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api", headers=headers, trust_env=False)


def refused(answer: httpx.Response) -> int:
    """Checks the form of the refusal and gives the seconds it tells."""
    assert answer.status_code == 429, answer.text
    error = answer.json()["error"]
    seconds = int(answer.headers["retry-after"])
    assert seconds >= 1
    assert error["type"] == "VALIDATION_ERROR"
    assert error["status"] == 429
    assert error["details"] == {"reason": "rate_limited", "retry_after": seconds}
    assert str(seconds) in error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    return seconds


@pytest.fixture
async def world(sqlite_database: Database, tmp_path: Path) -> World:
    rates = RateSettings(per_user="5/minute", per_address="3/minute", sign_in="2/minute")
    return World(sqlite_database, tmp_path, rates=rates)


async def test_each_person_has_a_rate_wherever_they_are(world: World) -> None:
    ada, bob = await world.person("ada"), await world.person("bob")
    app = world.app()
    for number in range(5):
        async with from_address(app, f"192.0.2.{number}", **world.bearer(ada)) as client:
            assert (await client.get("/projects")).status_code == 200
    async with world.client(app, ada) as client:
        assert 50 < refused(await client.get("/projects")) <= 60
        assert refused(await client.post("/projects", json={"name": "x"})), "whatever it is"
    async with world.client(app, bob) as client:
        assert (await client.get("/projects")).status_code == 200, "somebody else at the same address"


async def test_strangers_have_a_rate_by_address_and_do_not_use_up_that_of_people(world: World) -> None:
    ada = await world.person("ada")
    app = world.app()
    async with from_address(app, "192.0.2.1") as stranger:
        said = [(await stranger.get("/projects")).status_code for _ in range(5)]
        assert said == [401, 401, 401, 429, 429]
        refused(await stranger.get("/auth/me", headers={"Authorization": "Bearer wrong"}))
    async with from_address(app, "192.0.2.2") as other:
        assert (await other.get("/projects")).status_code == 401
    async with from_address(app, "192.0.2.1", **world.bearer(ada)) as client:
        assert (await client.get("/projects")).status_code == 200


async def test_every_operation_is_counted_but_the_probes(world: World) -> None:
    """Twice by a stranger from an address of its own, who may ask once."""
    rates = RateSettings(per_user="", per_address="1/minute", sign_in="1/minute")
    world = World(world.ports.db, world.ports.settings.data_dir, rates=rates)
    app = world.app()
    uncounted: set[str] = set()
    found = [
        (method, path, operation["operationId"])
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(found) > 50
    for number, (method, path, name) in enumerate(found):
        address = path.removeprefix("/api").replace("{", "").replace("}", "")
        async with from_address(app, f"198.51.{number // 250}.{number % 250}") as stranger:
            if name == "upload_file":  # what is of the wrong kind is turned away before
                stranger.headers["Content-Type"] = "application/octet-stream"
            body = {"launch": {"token": "x" * 43}, "oidc_callback": {"code": "x", "state": "y"}}.get(name, {})
            answers = [await stranger.request(method, address, json=None if method == "get" else body) for _ in "12"]
        assert answers[0].status_code != 429, name
        if answers[1].status_code != 429:
            uncounted.add(name)
    assert uncounted == UNCOUNTED


async def test_sign_ins_are_limited_for_each_address_and_each_account(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, rates={"sign_in": "3/minute", "per_address": "", "per_user": ""})
    async with open_ports(settings, MovedClock()) as ports:
        door = Door(ports, MovedClock(), tmp_path / "web")
        for number in range(3):
            async with from_address(door.app, f"192.0.2.{number}") as client:
                answer = await client.post("/auth/launch", json={"token": await door.launch_token()})
                assert answer.status_code == 200
        async with from_address(door.app, "192.0.2.99") as client:
            token = await door.launch_token()
            refused(await client.post("/auth/launch", json={"token": token}))
            guesses = [(await client.post("/auth/launch", json={"token": "x" * 43})).status_code for _ in range(4)]
            assert guesses == [401, 401, 429, 429]
            refused(await client.post("/auth/refresh"))


async def test_a_refused_renewal_ends_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, rates={"sign_in": "2/2second", "per_address": "", "per_user": ""})
    async with open_ports(settings, MovedClock()) as ports:
        door = Door(ports, MovedClock(), tmp_path / "web")
        async with door.browser() as browser:
            await door.sign_in(browser)
            assert (await browser.post("/api/auth/refresh")).status_code == 200
            seconds = refused(await browser.post("/api/auth/refresh"))
            assert seconds <= 2
            assert (await browser.get("/api/auth/me")).status_code == 200
            await asyncio.sleep(seconds)
            assert (await browser.post("/api/auth/refresh")).status_code == 200


async def test_a_repeated_request_is_counted_once(world: World) -> None:
    """Two parts of it ask who the caller is."""
    ada = await world.person("ada")
    async with world.client(world.app(), ada) as client:
        for number in range(5):
            made = await client.post("/projects", json={"name": "x"}, headers={"Idempotency-Key": f"key-{number}"})
            assert made.status_code == 201
        refused(await client.get("/projects"))


async def test_files_of_the_front_end_are_not_counted(world: World) -> None:
    async with from_address(world.app(), "192.0.2.1") as stranger:
        for _ in range(20):
            assert (await stranger.get(f"{ORIGIN}/anything")).status_code in {200, 503}
            assert (await stranger.get("/healthz")).status_code == 200


async def test_a_socket_is_counted_and_told(world: World) -> None:
    ada = await world.person("ada")
    app = world.app()
    async with world.client(app, ada) as client:
        for _ in range(5):
            assert (await client.get("/auth/me")).status_code == 200
    async with (
        serving(app) as address,
        connect(f"ws://{address}/api/ws", additional_headers=world.bearer(ada)) as socket,
    ):
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert socket.close_code == TRY_LATER
    assert "Too many requests" in (socket.close_reason or "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_who_has_an_address_has_its_neighbours(one: str, other: str, same: bool) -> None:
    found = [address_of(HTTPConnection({"type": "http", "client": (host, 1)})) for host in (one, other)]
    assert (found[0] == found[1]) == same


def test_the_product_counts_unless_it_is_told_not_to() -> None:
    rates = Settings().rates
    assert rates.per_user
    assert rates.per_address
    assert rates.sign_in
