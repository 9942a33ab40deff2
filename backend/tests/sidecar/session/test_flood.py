"""A program with more to say than anybody reads: it waits, and nothing grows."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from opm.sidecar.session.output import KEPT
from opm.sidecar.session.shell import AHEAD, UNWATCHED_RATE, Shell
from opm.sidecar.session.shells import Shells
from opm.wire.terminals import NewTerminal
from tests.sidecar.session.fake import Upstream, session_before

MIB = 1 << 20


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The start-up files of whoever runs the tests have no say."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def hears_interrupts() -> Iterator[None]:
    """As in the sidecar, whose server handles them; a shell's background job is born deaf, and passes that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
async def shells(tmp_path: Path) -> AsyncGenerator[Shells]:
    shells = Shells(tmp_path, os.environ)
    yield shells
    await shells.end_all()


async def flooding(shells: Shells) -> Shell:
    shell = shells.require((await shells.create(NewTerminal())).id)
    shell.type("stty -echo; yes\n")
    return shell


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_program_waits_for_a_viewer_who_is_not_done(shells: Shells) -> None:
    shell = await flooding(shells)
    with shell.read(0) as reader:
        await until(lambda: shell.output.end >= AHEAD)
        before = shell.output.end
        await asyncio.sleep(0.5)
        assert shell.output.end == before
        assert before < AHEAD + MIB
        async for frame in reader.frames():
            if isinstance(frame, bytes) and reader.position > 8 * MIB:
                break
        assert shell.output.start <= reader.position, "nothing was left out for who reads"


async def test_a_viewer_that_takes_nothing_holds_nobody_up_for_long(tmp_path: Path) -> None:
    shell = await Shell.start("pty_1", NewTerminal(), tmp_path, os.environ, stalled_seconds=0.3)
    shell.type(f"head -c {3 * MIB} /dev/zero | tr '\\0' x; touch done; sleep 60\n")
    with shell.read(0) as asleep:
        await until((tmp_path / "done").exists)
        assert asleep.position == 0
    await shell.end()
    assert shell.output.end - shell.output.start <= KEPT == MIB


async def test_the_fastest_sets_the_pace_and_the_slow_one_is_told(shells: Shells) -> None:
    shell = await flooding(shells)
    with shell.read(0) as slow, shell.read(0) as fast:
        async for _ in fast.frames():
            if fast.position > 4 * MIB:
                break
        assert '"skipped"' in str(await anext(slow.frames()))


async def test_a_flood_that_nobody_watches_is_read_slowly(shells: Shells) -> None:
    shell = await flooding(shells)
    await until(lambda: shell.output.end > 0)
    before, began = shell.output.end, time.monotonic()
    await asyncio.sleep(1)
    rate = (shell.output.end - before) / (time.monotonic() - began)
    assert 0 < rate < 2 * UNWATCHED_RATE


async def test_a_flood_is_interrupted_and_closed_like_anything_else(shells: Shells, tmp_path: Path) -> None:
    shell = await flooding(shells)
    with shell.read(0):
        await until(lambda: shell.output.end >= AHEAD)
        shell.type("\x03")
        shell.type("touch back\n")
        frames = asyncio.create_task(_drain(shell))
        await until((tmp_path / "back").exists)
        shell.type("yes\n")
        async with asyncio.timeout(5):
            await shells.end(shell.ref)
        await frames
    assert shells.everyone() == []


async def _drain(shell: Shell) -> None:
    with shell.read(0) as reader:
        async for _ in reader.frames():
            pass


async def test_a_paste_nobody_reads_is_refused_before_it_fills_the_memory(shells: Shells) -> None:
    shell = shells.require((await shells.create(NewTerminal())).id)
    shell.type("sleep 60\n")
    line = "x" * 1_000 + "\n"
    taken = 0
    while shell.type(line * 50):
        taken += 1
        assert taken < 100
    assert taken > 10


@pytest.mark.slow
async def test_two_hundred_megabytes_arrive_whole_and_leave_nothing_behind(tmp_path: Path) -> None:
    size = 200_000_000
    big = tmp_path / "big"
    with big.open("wb") as file:
        line = b"0123456789" * 9 + b"abcdefghi\n"
        for _ in range(200):
            file.write(line * (size // 200 // len(line)))
    async with session_before(Upstream(), tmp_path) as client, aiohttp.ClientSession() as http:
        made = await client.json("POST", "/pty", expect=201, json={})
        path = f"/session/{made['id']}/pty/connect"
        headers = client.shown("GET", path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with http.ws_connect(f"{client.url}{path}", headers=headers) as socket:
            await socket.send_str("stty -echo -onlcr; PS1=; echo beg''in; cat big; echo e''nd\n")
            counted = await asyncio.wait_for(_between(socket), 120)
        assert counted == size
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert grown < 100, f"{grown:.0f} MiB more for {size} bytes"


async def _between(socket: aiohttp.ClientWebSocketResponse) -> int:
    """Bytes between the lines "begin" and "end"."""
    total, tail, begun = 0, b"", False
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY:
            assert "skipped" not in message.data
            continue
        tail += message.data
        if not begun:
            before, found, after = tail.partition(b"begin\n")
            if not found:
                continue
            begun, tail = True, after
        before, found, _ = tail.rpartition(b"end\n")
        if found:
            return total + len(before)
        total += len(tail[:-4])
        tail = tail[-4:]
    raise AssertionError("the terminal ended before all was said")
