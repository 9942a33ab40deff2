"""Asking a part whether it is well, each time on a fresh connection and never without a limit.

OpenCode accepts a connection made the moment its port opens and then never answers it, so a connection is not
reused and a silent one is given up.
"""

import asyncio
import base64
import contextlib
import socket

HEAD_LIMIT = 4096
NONSENSE = (ValueError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"opencode:{password}".encode()).decode()


async def request(port: int, path: str, *, method: str = "GET", authorization: str = "", timeout: float) -> int | None:
    """The status of one answer; None when there was none."""
    with contextlib.suppress(OSError, TimeoutError, *NONSENSE):
        async with asyncio.timeout(timeout):
            return await _exchange(port, path, method, authorization)
    return None


async def _exchange(port: int, path: str, method: str, authorization: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=HEAD_LIMIT)
    try:
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", "Content-Length: 0"]
        if authorization:
            head.append(f"Authorization: {authorization}")
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        await writer.drain()
        status = await reader.readuntil(b"\r\n")
        return int(status.split()[1])
    finally:
        writer.transport.abort()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on; held all at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]


def is_free(port: int) -> bool:
    with socket.socket() as attempt:
        # Connections that are only fading away do not keep a server from the port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
