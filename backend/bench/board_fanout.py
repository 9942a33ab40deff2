"""News of one board, said by one controller and heard through two over Redis by very many browsers at once.

The reference is a bare relay from Redis to WebSockets, in two processes as well. Each round takes both in turn.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from bench.audience import Audience
from bench.figures import Figure
from bench.load import Target
from bench.machine import cpu_seconds
from bench.serving import serving
from bench.sides import reference
from tests.e2e.served import Client
from tests.postgres import find_binaries, private_cluster
from tests.redis import started

MARK = b'"task_changed"'
_CHANNEL = "bench"
_FREELY = {f"OPM_LIMITS__{name}": "10000" for name in ("STREAMS_PER_USER", "CONNECTIONS", "CONNECTIONS_PER_ADDRESS")}
Measured = list[tuple[str, list[Figure]]]


@dataclass(frozen=True)
class Side:
    audience: Audience
    pids: list[int]
    say: Callable[[], Awaitable[Any]]


async def run(home: Path, *, browsers: int, rounds: int, burst: int) -> Measured:
    binaries = find_binaries()
    with contextlib.ExitStack() as held:
        redis = held.enter_context(started())
        if binaries is None or redis is None:
            print("PostgreSQL or Redis is not installed, so news of boards were not measured")
            return []
        url = make_url(held.enter_context(private_cluster(binaries))).set(drivername="postgresql")
        shared = _FREELY | {
            "OPM_DATABASE__URL": url.render_as_string(hide_password=False),
            "OPM_REDIS__URL": redis,
            "OPM_SECRET_KEY_FILE": str(home / "secret.keys"),
        }
        one, client = held.enter_context(serving(home / "one", **shared))
        two, _ = held.enter_context(serving(home / "two", **shared))
        assert one.process
        assert two.process
        relays = [held.enter_context(reference(redis, _CHANNEL, module="bench.relay")) for _ in range(2)]
        async with (
            _opm([one.url, two.url], [one.process.pid, two.process.pid], client, browsers) as ours,
            _bare(redis, relays, browsers) as bare,
        ):
            return await _measured(ours, bare, browsers, rounds, burst)


async def _measured(ours: Side, bare: Side, browsers: int, rounds: int, burst: int) -> Measured:
    delays: dict[str, list[float]] = {"opm": [], "bare": []}
    rates: dict[str, list[float]] = {"opm": [], "bare": []}
    sides = {"opm": ours, "bare": bare}
    for number in range(rounds):
        for name in ("opm", "bare") if number % 2 else ("bare", "opm"):
            delays[name].append(await _one(sides[name], browsers) * 1000)
            rates[name].append(browsers * burst / await _many(sides[name], browsers, burst))
    ratios = [b / a for a, b in zip(rates["opm"], rates["bare"], strict=True)]
    return [
        (
            f"From one change to the last of {browsers} browsers, through two controllers",
            [
                Figure("opm: API to every socket", "ms", delays["opm"]),
                Figure("bare: PUBLISH to every socket", "ms", delays["bare"]),
            ],
        ),
        (
            f"{burst} changes in a row to {browsers} browsers",
            [
                Figure("opm", "messages per CPU second", rates["opm"]),
                Figure("bare relay", "messages per CPU second", rates["bare"]),
                Figure("CPU time, opm : bare relay", "times", ratios),
            ],
        ),
    ]


async def _one(side: Side, browsers: int) -> float:
    side.audience.expect(browsers)
    began = time.perf_counter()
    await side.say()
    return await side.audience.everybody(60) - began


async def _many(side: Side, browsers: int, burst: int) -> float:
    """CPU seconds of all servers of that side."""
    side.audience.expect(browsers * burst)
    before = sum(map(cpu_seconds, side.pids))
    for _ in range(burst):
        await side.say()
    await side.audience.everybody(300)
    return max(sum(map(cpu_seconds, side.pids)) - before, 0.01)


@contextlib.asynccontextmanager
async def _opm(urls: list[str], pids: list[int], client: Client, browsers: int) -> AsyncIterator[Side]:
    project = client.call("POST", "/projects", {"name": "Watched"})
    card = client.call("POST", f"/projects/{project['slug']}/tasks", {"title": "A card"})
    token = client.http.headers["authorization"].removeprefix("Bearer ")
    audience = Audience(MARK)
    said = orjson.dumps({"type": "subscribe", "project_id": project["id"]})
    await _seated(audience, [f"{url}/api/ws" for url in urls], browsers, token, said)
    path = f"{urls[0]}/api/projects/{project['slug']}/tasks/{card['id']}"
    numbers = iter(range(10**9))
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:

        async def say() -> None:
            async with http.patch(path, json={"title": f"Card {next(numbers)}"}) as answer:
                assert answer.ok, await answer.text()

        yield Side(audience, pids, say)
    audience.leave()


@contextlib.asynccontextmanager
async def _bare(redis: str, relays: list[Target], browsers: int) -> AsyncIterator[Side]:
    audience = Audience(MARK)
    await _seated(audience, [relay.url for relay in relays], browsers)
    publisher: Any = Redis.from_url(redis)
    body = orjson.dumps(
        {"id": "0123456789ab-1", "event": {"type": "task_changed", "taskId": "0" * 36, "pad": "x" * 120}}
    )

    async def say() -> None:
        await publisher.publish(_CHANNEL, body)

    yield Side(audience, [relay.pid for relay in relays], say)
    audience.leave()
    await publisher.aclose()


async def _seated(audience: Audience, urls: list[str], browsers: int, token: str = "", said: bytes = b"") -> None:
    for url in urls:
        await audience.join(url, browsers // len(urls), token, said)
    await asyncio.sleep(1)  # what was said to begin with is not counted
