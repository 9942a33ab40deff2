"""What stands in front of controllers: it asks who is ready, and gives new connections to these in turn."""

import asyncio
from typing import Any

from tests.chaos.cluster import Cluster, Controller

_LOOK_SECONDS = 0.1


class Proxy:
    """TCP only; a connection stays where it is until one side ends it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._ready: list[Controller] = list(cluster.controllers)
        self._turn = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self.url = ""

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        for controller in self._cluster.controllers:
            self._tasks.add(asyncio.create_task(self._look(controller)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self, controller: Controller) -> None:
        while True:
            ready = await self._cluster.is_ready(controller)
            if ready and controller not in self._ready:
                self._ready.append(controller)
            elif not ready and controller in self._ready:
                self._ready.remove(controller)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        controller = self._ready[self._turn % len(self._ready)]
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", controller.port)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(_carry(source, sink)))


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()
