"""An application on a real server and a loopback port, as it is served outside of tests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from opm.server.api.connections import protocols
from opm.server.core.settings import Settings


@asynccontextmanager
async def serving(app: Any, *, send_buffer: int | None = None, settings: Settings | None = None) -> AsyncIterator[str]:
    """Gives ``127.0.0.1:<port>``. A small `send_buffer` lets the server notice at once who does not read."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if send_buffer:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                **protocols(settings or Settings()),
                ws_per_message_deflate=False,
                ws_max_size=2**16,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.01)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
