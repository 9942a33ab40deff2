"""Writing what a link stands for: inside the workspace only, whatever an agent does to the link meanwhile."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from tests.sidecar.files.writing import etag, leftovers, names, write
from tests.sidecar.support import Client


@pytest.mark.parametrize("pointed", ["README.md", "src/deep/../../README.md", "./src/up/README.md", "chain"])
async def test_what_a_link_stands_for_is_written_and_the_link_stays(
    files: Client, workspace: Path, pointed: str
) -> None:
    (workspace / "src/up").symlink_to("..")
    (workspace / "chain").symlink_to("src/again")
    (workspace / "src/again").symlink_to("../README.md")
    (workspace / "CLAUDE.md").symlink_to(pointed)
    seen = await etag(files, "CLAUDE.md")

    await files.refused("POST", "/files/write", 409, json={"path": "CLAUDE.md", "content": "x"})
    written = await write(files, path="CLAUDE.md", base_etag=seen)

    assert (workspace / "CLAUDE.md").readlink() == Path(pointed)
    assert (workspace / "README.md").read_text() == "new"
    assert not (workspace / "README.md").is_symlink()
    assert (written["path"], written["etag"]) == ("CLAUDE.md", await etag(files, "CLAUDE.md"))
    assert leftovers(workspace) == []


async def test_a_link_to_what_is_not_there_yet(files: Client, workspace: Path) -> None:
    (workspace / "src/link").symlink_to("deep/later.txt")
    (workspace / "nowhere").symlink_to("absent/later.txt")

    assert (await write(files, 201, path="src/link"))["created"] is True
    await write(files, 404, path="nowhere")

    assert (workspace / "src/deep/later.txt").read_text() == "new"
    assert (workspace / "src/link").is_symlink()


@pytest.mark.parametrize(
    ("pointed", "status"),
    [
        ("{outside}/secret.txt", 403),
        ("../secret.txt", 403),
        ("src/../../secret.txt", 403),
        ("dir/secret.txt", 403),
        ("/etc/passwd", 403),
        ("/proc/self/cwd/README.md", 403),
        ("{outside}/workspace/README.md", 403),
        ("out", 403),
        ("round", 403),
        ("src", 409),
        ("src/", 409),
        ("src/..", 409),
        ("pipe", 409),
    ],
)
async def test_links_that_are_not_written_through(files: Client, workspace: Path, pointed: str, status: int) -> None:
    (workspace / "dir").symlink_to(workspace.parent)
    (workspace / "round").symlink_to("out")
    os.mkfifo(workspace / "pipe")
    (workspace / "out").symlink_to(pointed.format(outside=workspace.parent))

    await files.refused("POST", "/files/write", status, json={"path": "out", "content": "x", "overwrite": True})

    assert (workspace / "out").is_symlink()
    assert (workspace.parent / "secret.txt").read_text() == "SECRET"
    assert sorted(names(workspace.parent)) == ["secret.txt", "workspace"]
    assert (workspace / "README.md").read_text() == "# Read me\n"


async def test_a_directory_that_is_a_link_outside_is_not_written_into(files: Client, workspace: Path) -> None:
    (workspace / "dir").symlink_to(workspace.parent)

    await files.refused("POST", "/files/write", 403, json={"path": "dir/secret.txt", "content": "x", "overwrite": True})

    assert (workspace.parent / "secret.txt").read_text() == "SECRET"


async def test_a_link_that_changes_under_the_writing_never_leads_out(files: Client, workspace: Path) -> None:
    """An agent turns the link, and what it stands for, to the outside and back as fast as it can."""
    (workspace / "inside").mkdir()
    (workspace / "inside/f").write_text("x")
    (workspace.parent / "f").write_text("SECRET")
    over = threading.Event()

    def turn() -> None:
        targets = ["inside/f", "../f", str(workspace.parent / "f"), "swapped/f"]
        while not over.is_set():
            for number, target in enumerate(targets):
                (workspace / "new").symlink_to(target)
                (workspace / "new").rename(workspace / "link")
                (workspace / "new").symlink_to(".." if number % 2 else "inside")
                (workspace / "new").rename(workspace / "swapped")

    turning = asyncio.create_task(asyncio.to_thread(turn))
    statuses: set[int] = set()
    for _ in range(300):
        body = {"path": "link", "content": "new", "overwrite": True}
        async with files.request("POST", "/files/write", json=body) as response:
            statuses.add(response.status)
    over.set()
    await turning

    assert statuses <= {200, 201, 403, 404, 409}
    assert 200 in statuses, "it was written at all"
    assert (workspace.parent / "f").read_text() == "SECRET"
    assert leftovers(workspace) == leftovers(workspace / "inside") == []
