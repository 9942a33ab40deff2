"""Browsers as far as news go: one board by WebSocket, and outputs by SSE; both come back wherever they can."""

import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp

from tests.chaos.cluster import REFUSED, Cluster

_PAUSE = 0.3


class BoardWatcher:
    """Knows the cards of one project by events, and by reading all of it when told to; never of its own accord."""

    def __init__(self, cluster: Cluster, project: str, slug: str, first: int) -> None:
        self._cluster = cluster
        self._project = project
        self._slug = slug
        self._next = first
        self._after: str | None = None
        self.cards: dict[str, float] = {}
        """When each was heard of."""
        self.resets = 0
        self.connects: list[float] = []
        self.losses: list[float] = []
        self._stale = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_when_stale())
            while True:
                controller = self._cluster.controllers[self._next % len(self._cluster.controllers)]
                self._next += 1
                with contextlib.suppress(*REFUSED):
                    await self._listen(f"{controller.url}/api/ws")
                self.losses.append(time.monotonic())
                await asyncio.sleep(_PAUSE)

    async def _listen(self, url: str) -> None:
        timeout = aiohttp.ClientWSTimeout(20, 2)  # pyright: ignore[reportCallIssue]  its fields have no types
        async with self._cluster.http.ws_connect(url, headers=self._cluster.token, timeout=timeout) as socket:
            asked: dict[str, Any] = {"type": "subscribe", "project_id": self._project}
            await socket.send_json(asked | ({"after": self._after} if self._after else {}))
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                self._hear(json.loads(message.data))

    def _hear(self, said: dict[str, Any]) -> None:
        if "event" in said:
            self._after = said["id"]
            if said["event"]["type"] == "task_changed":
                self.cards.setdefault(said["event"]["taskId"], time.monotonic())
        elif said["type"] == "subscribed":
            self.connects.append(time.monotonic())
            if self._after is None:
                self._stale.set()
            self._after = said["id"]
        elif said["type"] == "reset":
            self.resets += 1
            self._stale.set()

    async def _read_when_stale(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            cursor = ""
            while cursor is not None:
                path = f"/projects/{self._slug}/tasks?limit=200" + (f"&cursor={cursor}" if cursor else "")
                page = await self._cluster.call("GET", path, first=self._next, seconds=120)
                for card in page["items"]:
                    self.cards.setdefault(card["id"], time.monotonic())
                cursor = page["next_cursor"]


async def follow_output(cluster: Cluster, slug: str, card: str, first: int) -> list[int]:
    """The numbers of a card's output to its end, however often the stream breaks; raises for one that does not end."""
    numbers: list[int] = []
    for attempt in range(1000):
        controller = cluster.controllers[(first + attempt) % len(cluster.controllers)]
        headers = cluster.token | ({"Last-Event-ID": str(numbers[-1])} if numbers else {})
        url = f"{controller.url}/api/projects/{slug}/tasks/{card}/output"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=15)
        try:
            async with cluster.http.get(url, headers=headers, timeout=timeout) as answer:
                if answer.status == 200 and await _read(answer, numbers):
                    return numbers
        except REFUSED:
            pass
        await asyncio.sleep(_PAUSE)
    raise AssertionError("an output did not end")


async def _read(answer: aiohttp.ClientResponse, numbers: list[int]) -> bool:
    async for line in answer.content:
        if line.startswith(b"id: "):
            numbers.append(int(line[4:]))
        elif line.startswith(b"event: reset"):
            numbers.clear()
        elif line.startswith(b"event: end"):
            return True
    return False
