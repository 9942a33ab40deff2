"""How fast a terminal carries what a program says to a viewer, beside a bare reader of the same kind of terminal; and
what the board costs meanwhile."""

import asyncio
import contextlib
import json
import os
import pty
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from bench.figures import Figure
from bench.load import Target, fetch
from bench.serving import serving

_LINE = b"0123456789" * 7 + b"abcdefghi\n"
_END = b"--all said--"


async def run(home: Path, *, megabytes: int, rounds: int, requests: int) -> list[tuple[str, list[Figure]]]:
    with serving(home) as (served, client):
        project = client.project("Noisy")
        big = project.workspace(served) / "big.txt"
        big.write_bytes(_LINE * (megabytes * 1_000_000 // len(_LINE)))
        terminal = client.call("POST", f"{project.path}/terminals", {"title": "Measured"})["id"]
        headers = {"Authorization": client.http.headers["authorization"]}
        token = headers["Authorization"].removeprefix("Bearer ")
        assert served.process
        board = Target(f"{served.url}/api{project.path}/tasks", served.process.pid, token)
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.ws_connect(f"{served.url}/api{project.path}/terminal?terminal={terminal}", max_msg_size=0) as socket,
        ):
            ours, theirs = await _throughput(socket, big, megabytes, rounds)
            quiet = [await _milliseconds(board) for _ in range(requests)]
            async with _flood(socket):
                loud = [await _milliseconds(board) for _ in range(requests)]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return [
        (
            f"{megabytes} MB said by one program",
            [
                Figure("opm: pod, sidecar, controller, viewer", "MB/s", ours),
                Figure("bare reader of a terminal", "MB/s", theirs),
                Figure("opm : bare", "times", ratios),
            ],
        ),
        (
            "The board of the same project, asked by somebody else",
            [Figure("while all is quiet", "ms", quiet), Figure("while `yes` runs, and is read", "ms", loud)],
        ),
    ]


async def _throughput(
    socket: aiohttp.ClientWebSocketResponse, big: Path, megabytes: int, rounds: int
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    await _say(socket, "stty -echo; PS1=\n")
    for _ in range(rounds):
        began = time.perf_counter()
        await _say(socket, f"cat {big}; echo '{_END.decode()}'\n")
        await _until(socket, _END)
        ours.append(megabytes / (time.perf_counter() - began))
        began = time.perf_counter()
        await asyncio.to_thread(_bare, big)
        theirs.append(megabytes / (time.perf_counter() - began))
    return ours, theirs


def _bare(big: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(["cat", str(big)], stdin=slave, stdout=slave, stderr=slave):
        os.close(slave)
        with contextlib.suppress(OSError):
            while os.read(master, 1 << 16):
                pass
        os.close(master)


async def _say(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    await socket.send_str(json.dumps({"type": "input", "data": text}))


async def _until(socket: aiohttp.ClientWebSocketResponse, end: bytes) -> None:
    """Show what comes, as a browser would, until it holds `end`."""
    tail = b""
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY:
            assert "skipped" not in message.data
            continue
        await socket.send_str(json.dumps({"type": "ack", "bytes": len(message.data)}))
        tail = tail[-len(end) :] + message.data
        if end in tail:
            return


@contextlib.asynccontextmanager
async def _flood(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[None]:
    await _say(socket, "yes\n")
    showing = asyncio.create_task(_until(socket, b"never"))
    await asyncio.sleep(1)
    try:
        yield
    finally:
        await _say(socket, "\x03")
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _milliseconds(target: Target) -> float:
    began = time.perf_counter()
    await fetch(target)
    return (time.perf_counter() - began) * 1000
