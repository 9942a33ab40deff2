"""Watching a workspace: what is told, what is not, and what becomes of very much at once."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opm.sidecar.files.app import create
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.burst import Burst
from opm.sidecar.files.folders import Folders
from opm.sidecar.files.watcher import MOST_READERS, Reader, Watcher
from opm.sidecar.files.watching import Watching
from tests.sidecar.support import Client, client_of, settings


class Watch:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._lines = response.content
        self.told: dict[str, str] = {}

    async def event(self) -> dict[str, Any] | None:
        async for line in self._lines:
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None

    async def until(self, path: str) -> dict[str, str]:
        """All that was told up to the batch in which this path was; of folders with a star."""
        async with asyncio.timeout(20):
            while path not in self.told:
                event = await self.event()
                assert event is not None, "the stream ended"
                for item in event.get("items", []):
                    self.told[item["path"] + ("/*" if item["many"] else "")] = item["operation"]
        told, self.told = self.told, {}
        return told


@asynccontextmanager
async def watching(files: Client) -> AsyncGenerator[Watch]:
    async with files.request("GET", "/files/watch") as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        watch = Watch(response)
        first = await watch.event()
        assert first == {"type": "ready"}
        yield watch


async def test_what_happens_to_files_is_told(files: Client, workspace: Path) -> None:
    async with watching(files) as watch:
        (workspace / "src" / "new.txt").write_text("new")
        (workspace / "README.md").write_text("other")
        (workspace / "src" / "deep" / "leaf.txt").unlink()
        (workspace / "end").touch()
        assert await watch.until("end") == {
            "src/new.txt": "create",
            "README.md": "modify",
            "src/deep/leaf.txt": "delete",
            "end": "create",
        }


async def test_folders_are_followed_where_they_come_and_go(files: Client, workspace: Path) -> None:
    async with watching(files) as watch:
        (workspace / "a" / "b").mkdir(parents=True)
        (workspace / "a" / "b" / "one").touch()
        await watch.until("a/b/one")
        (workspace / "a").rename(workspace / "src" / "moved")
        told = await watch.until("src/moved/b/one")
        assert (told["a"], told["src/moved"]) == ("delete", "create")
        (workspace / "src" / "moved" / "b" / "two").touch()
        assert await watch.until("src/moved/b/two") == {"src/moved/b/two": "create"}
        (workspace / "src" / "moved").rename(workspace.parent / "outside")
        await watch.until("src/moved")
        (workspace.parent / "outside" / "b" / "three").touch()
        (workspace / "end").touch()
        assert await watch.until("end") == {"end": "create"}, "what left the workspace is not watched any more"


async def test_no_link_is_followed(files: Client, workspace: Path) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (workspace / "before").symlink_to(outside)
    async with watching(files) as watch:
        (workspace / "after").symlink_to(outside)
        (workspace / "loop").symlink_to(workspace)
        await watch.until("loop")
        (outside / "secret").write_text("x")
        (workspace / "end").touch()
        assert await watch.until("end") == {"end": "create"}


async def test_strange_names_arrive_as_everywhere(files: Client, workspace: Path) -> None:
    async with watching(files) as watch:
        folder = workspace / os.fsdecode(b"\xff\nq")
        folder.mkdir()
        await watch.until("\uefff\nq")
        (folder / os.fsdecode(b"\xfe")).touch()
        assert await watch.until("\uefff\nq/\ueffe") == {"\uefff\nq/\ueffe": "create"}


async def test_of_git_and_of_what_programs_fill_little_is_told(files: Client, workspace: Path) -> None:
    for name in (".git/objects", "node_modules/left"):
        (workspace / name).mkdir(parents=True)
    async with watching(files) as watch:
        (workspace / ".git" / "objects" / "aa").mkdir()
        (workspace / ".git" / "config").write_text("x")
        (workspace / "node_modules" / "left" / "pad").write_text("x")
        (workspace / ".opm-0123.tmp").write_text("ours")
        (workspace / "end").touch()
        assert await watch.until("end") == {"end": "create"}
        (workspace / ".git" / "HEAD").write_text("x")
        assert await watch.until(".git") == {".git": "modify"}
        (workspace / "node_modules" / "right").mkdir()
        assert await watch.until("node_modules/*") == {"node_modules/*": "modify"}


@pytest.mark.parametrize("each", [200, pytest.param(1000, marks=pytest.mark.slow)])
async def test_a_flood_is_told_as_folders_and_nothing_of_it_is_lost(files: Client, workspace: Path, each: int) -> None:
    """Also a checkout of 50,000 files."""
    async with watching(files) as watch:

        def flood() -> None:
            for folder in range(50):
                (workspace / "src" / f"d{folder}").mkdir()
                for number in range(each):
                    (workspace / "src" / f"d{folder}" / str(number)).touch()

        pending = asyncio.create_task(asyncio.to_thread(flood))
        seen: dict[str, str] = {}
        while not pending.done() or not seen:
            event = await watch.event()
            assert event is not None
            assert len(event["items"]) <= 200
            seen |= {item["path"] + ("/*" if item["many"] else ""): "" for item in event["items"]}
            if f"src/d49/{each - 1}" in seen or "src/d49/*" in seen:
                break
        await pending
        folders = [path[:-1] for path in seen if path.endswith("/*")]
        assert folders
        for folder in range(50):
            path = f"src/d{folder}/7"
            assert path in seen or any(path.startswith(known) for known in folders), path
        (workspace / "src" / "d49" / "late").touch()
        await watch.until("src/d49/late")


async def test_one_watch_serves_all_and_ends_with_the_last(workspace: Path) -> None:
    beneath = Beneath(workspace)
    watcher = Watcher(beneath)
    async with watcher.reader() as one:
        assert await one.take() == b'data: {"type":"ready"}\n\n'
        async with watcher.reader() as other:
            assert await other.take() == b'data: {"type":"ready"}\n\n'
            (workspace / "x").touch()
            assert b'"path":"x"' in await one.take()
            assert b'"path":"x"' in await other.take()
            assert _inotifies() == 1
        assert watcher.at_work
    assert not watcher.at_work
    await watcher.close()
    assert _inotifies() == 0
    async with watcher.reader() as again:
        assert await again.take() == b'data: {"type":"ready"}\n\n'
    await watcher.close()
    beneath.close()


async def test_a_reader_that_is_slow_is_told_in_one_what_it_missed() -> None:
    reader = Reader()
    for number in range(1_000):
        burst = Burst()
        burst.add(b"src/%d" % number, "create")
        reader.put(burst)
    (frame,) = (await reader.take()).split(b"\n\n")[:-1]
    assert json.loads(frame[6:])["items"] == [{"path": "src", "operation": "modify", "many": True}]
    assert (await reader.take(0.01)).startswith(b":")


async def test_readers_are_limited(files: Client) -> None:
    async with many_watching(files, MOST_READERS):
        error = await files.refused("GET", "/files/watch", 503)
        assert error["details"]["reason"] == "busy"
    for _ in range(100):
        async with files.request("GET", "/files/watch") as response:
            if response.status == 200:
                return
        await asyncio.sleep(0.05)
    pytest.fail("those who left still count")


@asynccontextmanager
async def many_watching(files: Client, times: int) -> AsyncGenerator[None]:
    if not times:
        yield
        return
    async with watching(files), many_watching(files, times - 1):
        yield


async def test_what_cannot_be_watched_is_said_and_looked_at_now_and_then(workspace: Path) -> None:
    beneath = Beneath(workspace)
    news: asyncio.Queue[Burst | str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(said: Burst | str | None) -> None:
        loop.call_soon_threadsafe(news.put_nowait, said)

    watch = Watching(beneath, tell, most=1, look_again=0.1)
    async with asyncio.timeout(20):
        assert "more than 1 folders" in str(await news.get())
        assert await news.get() is None
        burst = await news.get()
    assert isinstance(burst, Burst)
    assert burst.items() == [{"path": "", "operation": "modify", "many": True}]
    watch.stop()
    await asyncio.to_thread(watch.join)
    beneath.close()


class Counted(Watching):
    """How often it looked at what the kernel has to tell."""

    looks = 0

    def _wait(self, folders: Folders | None, seconds: float) -> bool:
        self.looks += 1
        return super()._wait(folders, seconds)


def test_a_quiet_workspace_costs_next_to_nothing(workspace: Path) -> None:
    """Also later than the time after which one that cannot be watched whole would be looked at again."""
    beneath = Beneath(workspace)
    watch = Counted(beneath, lambda _: None, look_again=0.05)
    time.sleep(0.6)
    watch.stop()
    watch.join()
    beneath.close()
    assert 2 < watch.looks < 30


def test_news_that_were_lost_are_noticed(workspace: Path) -> None:
    beneath, burst = Beneath(workspace), Burst()
    with contextlib.closing(Folders(beneath, lambda: False)) as folders:
        folders.begin()
        room = kernel_remembers()
        for _ in range(room // 2):  # made, closed and gone
            (workspace / "x").touch()
            (workspace / "x").unlink()
        for _ in range(room):
            folders.take(burst)
            if folders.lost:
                break
        assert folders.lost
    beneath.close()


async def test_the_stream_ends_with_the_sidecar(workspace: Path) -> None:
    pod, closing = settings("files", workspace), asyncio.Event()
    async with client_of(create(pod, closing), pod, closing) as client, watching(client) as watch:
        closing.set()
        async with asyncio.timeout(5):
            assert await watch.event() is None


def kernel_remembers() -> int:
    return int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


def _inotifies() -> int:
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += "inotify" in str(descriptor.readlink())
    return found
