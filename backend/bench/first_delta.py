"""How much later the agent's words reach a browser than a direct client of the same OpenCode.

A pod is started as the product starts it. Both sides then go on with a conversation that is warm, in turns: the
direct one sends its prompt to OpenCode itself and reads ``/event``; the other sends feedback through the API and reads
the card's output. In further rounds both listen to one slow run, and each piece of text is timed at both.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from bench.figures import Figure
from bench.serving import serving
from opm.server.runtime.base import Part
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.store import read_record, read_secrets
from tests.e2e.served import Card, Served

QUICK = "demo: rate 0\ndemo: say One two three four five six seven eight nine ten."
SLOW = "demo: rate 20\ndemo: say " + " ".join(f"word{i}" for i in range(40))
PATIENCE = 30


async def run(home: Path, *, rounds: int) -> list[tuple[str, list[Figure]]]:
    with serving(home) as (served, client):
        card = client.project("Measured").card("Talk", *(line.removeprefix("demo: ") for line in QUICK.splitlines()))
        card.execute()
        card.until("ai_review")
        async with _both_sides(served, card) as (browser, direct):
            await direct.prompt(QUICK)
            return await _measured(browser, direct, rounds)


async def _measured(browser: "Browser", direct: "Direct", rounds: int) -> list[tuple[str, list[Figure]]]:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        for side in (browser, direct) if number % 2 else (direct, browser):
            (ours if side is browser else theirs).append(await side.prompt(QUICK))
    later = [a - b for a, b in zip(ours, theirs, strict=True)]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    pieces: list[float] = []
    for _ in range(max(rounds // 8, 1)):
        pieces += await _piece_by_piece(browser, direct)
    return [
        (
            "From the prompt to the first words, on a warm conversation",
            [
                Figure("through opm: API to SSE", "ms", ours),
                Figure("direct: prompt_async to /event", "ms", theirs),
                Figure("later, round by round", "ms", later),
                Figure("opm : direct, round by round", "times", ratios),
            ],
        ),
        (
            "From OpenCode's event at a direct client to the same words in the browser's stream",
            [Figure("later", "ms", pieces)],
        ),
    ]


async def _piece_by_piece(browser: "Browser", direct: "Direct") -> list[float]:
    """Both hear one run; a piece has come when as many characters have."""
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(direct.listen(len(_text(SLOW))))
        arrived = await browser.hear(SLOW)
        heard = await listening
    return [(when - next(t for length, t in heard if length >= total)) * 1000 for total, when in arrived]


@dataclass
class Browser:
    """What a page does: sends feedback, then opens the card's output."""

    http: aiohttp.ClientSession
    card: Card

    async def prompt(self, text: str) -> float:
        """Milliseconds to the first words."""
        began = time.perf_counter()
        return ((await self.hear(text))[0][1] - began) * 1000

    async def hear(self, text: str) -> list[tuple[int, float]]:
        """For each piece how many characters had come with it, and when."""
        path = f"/api{self.card.path}"
        said = await self.http.post(f"{path}/interactions", json={"message": text})
        assert said.ok, await said.text()
        arrived: list[tuple[int, float]] = []
        async with asyncio.timeout(PATIENCE), self.http.get(f"{path}/output") as stream:
            async for data in _data(stream):
                if data["type"] == "output":
                    total = (arrived[-1][0] if arrived else 0) + len(data["data"])
                    arrived.append((total, time.perf_counter()))
                elif data["type"] == "completion":
                    assert data["data"]["verdict"] == "success", data
                    break
        assert arrived
        assert arrived[-1][0] == len(_text(text)), "something was left out"
        await self._until_reviewed(path)
        return arrived

    async def _until_reviewed(self, path: str) -> None:
        for _ in range(PATIENCE * 20):
            if (await (await self.http.get(path)).json())["status"] == "ai_review":
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the card did not move on")


@dataclass
class Direct:
    """A client of the pod's OpenCode with nothing in between."""

    http: aiohttp.ClientSession
    session: str

    async def prompt(self, text: str) -> float:
        async with asyncio.timeout(PATIENCE), self.http.get("/event") as stream:
            events = _data(stream)
            assert (await anext(events))["type"] == "server.connected"
            began = time.perf_counter()
            body = {"parts": [{"type": "text", "text": text}]}
            said = await self.http.post(f"/session/{self.session}/prompt_async", json=body)
            assert said.status == 204, await said.text()
            first = 0.0
            async for event in events:
                ours = event["properties"].get("sessionID") == self.session
                if ours and event["type"] == "message.part.delta" and not first:
                    first = time.perf_counter()
                elif ours and event["type"] == "session.idle":
                    break
        assert first
        return (first - began) * 1000

    async def listen(self, characters: int) -> list[tuple[int, float]]:
        """As `Browser.hear`, to whatever runs in this pod."""
        heard: list[tuple[int, float]] = []
        async with asyncio.timeout(PATIENCE), self.http.get("/event") as stream:
            async for event in _data(stream):
                if event["type"] == "message.part.delta":
                    total = (heard[-1][0] if heard else 0) + len(event["properties"]["delta"])
                    heard.append((total, time.perf_counter()))
                    if total >= characters:
                        break
        return heard


@contextlib.asynccontextmanager
async def _both_sides(served: Served, card: Card) -> AsyncIterator[tuple[Browser, Direct]]:
    project = card.project.client.call("GET", card.project.path)
    layout = PodLayout.of(served.data, UUID(project["id"]))
    record, secrets = read_record(layout), read_secrets(layout)
    assert record
    assert secrets
    opencode = f"http://127.0.0.1:{record.parts[Part.OPENCODE].port}"
    headers = {"Authorization": card.project.client.http.headers["authorization"]}
    basic = aiohttp.BasicAuth("opencode", secrets.opencode_password)
    async with (
        aiohttp.ClientSession(served.url, headers=headers) as to_us,
        aiohttp.ClientSession(opencode, auth=basic) as to_opencode,
    ):
        made = await to_opencode.post("/session", json={"title": "Measured"})
        yield Browser(to_us, card), Direct(to_opencode, (await made.json())["id"])


async def _data(stream: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in stream.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def _text(script: str) -> str:
    return script.rpartition("demo: say ")[2]
