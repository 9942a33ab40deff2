"""Changing files: whole or not at all, never over what the author has not seen, never outside."""

import asyncio
import base64
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opm.sidecar.files.app import create
from opm.wire.files import Entry, Written
from tests.sidecar.files.writing import etag, leftovers, names, write
from tests.sidecar.support import Client, client_of, settings


async def test_a_new_file_in_new_directories(files: Client, workspace: Path) -> None:
    written = Written.model_validate(await write(files, 201, path="a/b/c.txt", content="grüße"))

    assert (workspace / "a/b/c.txt").read_text() == "grüße"
    assert (written.path, written.size, written.created) == ("a/b/c.txt", 7, True)
    assert written.etag == await etag(files, "a/b/c.txt")


async def test_a_change_by_one_who_has_seen_the_newest(files: Client, workspace: Path) -> None:
    (workspace / "README.md").chmod(0o755)

    written = await write(files, path="README.md", base_etag=await etag(files, "README.md"))

    assert (workspace / "README.md").read_text() == "new"
    assert (workspace / "README.md").stat().st_mode & 0o777 == 0o755
    assert not written["created"]
    assert written["etag"] == await etag(files, "README.md")


async def test_bytes_by_base64(files: Client, workspace: Path) -> None:
    await write(files, 201, path="b", content=base64.b64encode(b"\x00\xff").decode(), encoding="base64")

    assert (workspace / "b").read_bytes() == b"\x00\xff"


async def test_nobody_overwrites_what_he_has_not_seen(files: Client, workspace: Path) -> None:
    seen = await etag(files, "README.md")
    (workspace / "README.md").write_text("by the agent")
    current = await etag(files, "README.md")

    error = await files.refused(
        "POST", "/files/write", 409, json={"path": "README.md", "content": "x", "base_etag": seen}
    )
    assert error["details"] == {"reason": "changed", "etag": current, "current_content": "by the agent"}

    error = await files.refused("POST", "/files/write", 409, json={"path": "README.md", "content": "x"})
    assert error["details"] == {"reason": "exists", "etag": current}

    (workspace / "README.md").unlink()
    error = await files.refused(
        "POST", "/files/write", 409, json={"path": "README.md", "content": "x", "base_etag": current}
    )
    assert error["details"] == {"reason": "deleted", "etag": None}
    assert not (workspace / "README.md").exists()


async def test_overwriting_on_purpose(files: Client, workspace: Path) -> None:
    await write(files, path="README.md", overwrite=True)

    assert (workspace / "README.md").read_text() == "new"


async def test_of_many_who_saw_the_same_one_wins(files: Client, workspace: Path) -> None:
    seen = await etag(files, "README.md")

    async def attempt(number: int) -> int:
        body = {"path": "README.md", "content": str(number), "base_etag": seen}
        async with files.request("POST", "/files/write", json=body) as response:
            return response.status

    statuses = await asyncio.gather(*(attempt(number) for number in range(20)))

    assert sorted(statuses) == [200] + [409] * 19
    assert int((workspace / "README.md").read_text()) == statuses.index(200)


async def test_of_many_who_create_the_same_one_wins(files: Client) -> None:
    async def attempt(number: int) -> int:
        body = {"path": "fresh", "content": str(number)}
        async with files.request("POST", "/files/write", json=body) as response:
            return response.status

    assert sorted(await asyncio.gather(*(attempt(number) for number in range(20)))) == [201] + [409] * 19


async def test_a_reader_never_sees_half_a_file(files: Client, workspace: Path) -> None:
    contents = {letter * 200_000 for letter in "ab"}
    (workspace / "f").write_text("a" * 200_000)
    seen: set[str] = set()
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            seen.add(await asyncio.to_thread((workspace / "f").read_text))

    watcher = asyncio.create_task(watch())
    for number in range(30):
        await write(files, path="f", content="ab"[number % 2] * 200_000, overwrite=True)
    over.set()
    await watcher

    assert seen == contents
    assert leftovers(workspace) == []


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"path": ""}, 400),
        ({"path": "../x"}, 400),
        ({"path": "/x"}, 400),
        ({"path": "a\x00"}, 400),
        ({"path": "src"}, 409),
        ({"path": "README.md/x"}, 409),
        ({"path": "x", "encoding": "base64", "content": "not base64!"}, 400),
        ({"path": "x", "encoding": "latin-1"}, 400),
        ({"path": "x", "content": 7}, 400),
        ({"content": "x"}, 400),
        ({"path": "n" * 256}, 400),
    ],
)
async def test_writes_that_cannot_be(files: Client, wish: dict[str, Any], status: int) -> None:
    await files.refused("POST", "/files/write", status, json={"content": "x", "overwrite": True, **wish})


async def test_ten_megabytes_and_not_one_byte_more(files: Client, workspace: Path) -> None:
    limit = 10 << 20

    await write(files, 201, path="full", content="x" * limit)
    error = await files.refused("POST", "/files/write", 413, json={"path": "more", "content": "x" * (limit + 1)})
    assert error["details"] == {"limit": limit}
    await files.refused("POST", "/files/write", 413, data=b"x" * (25 << 20))

    assert (workspace / "full").stat().st_size == limit
    assert not (workspace / "more").exists()


async def test_a_full_disk_is_told_and_leaves_no_rest(workspace: Path) -> None:
    def full(descriptor: int, data: memoryview) -> int:
        os.write(descriptor, data[:1])
        raise OSError(errno.ENOSPC, "full")

    pod = settings("files", workspace)
    async with client_of(create(pod, write=full), pod) as files:
        await files.refused("POST", "/files/write", 507, json={"path": "README.md", "content": "x", "overwrite": True})

    assert (workspace / "README.md").read_text() == "# Read me\n"
    assert leftovers(workspace) == []


async def test_directories_are_made_with_their_parents(files: Client, workspace: Path) -> None:
    entry = Entry.model_validate(await files.json("POST", "/files/mkdir", json={"path": "x/y/z"}))
    again = await files.json("POST", "/files/mkdir", json={"path": "x/y/z"})

    assert (workspace / "x/y/z").is_dir()
    assert (entry.path, entry.type, again["path"]) == ("x/y/z", "directory", "x/y/z")
    await files.refused("POST", "/files/mkdir", 409, json={"path": "README.md"})
    await files.refused("POST", "/files/mkdir", 409, json={"path": "README.md/x"})


async def test_renaming(files: Client, workspace: Path) -> None:
    entry = await files.json("POST", "/files/rename", json={"path": "src/main.py", "to": "src/deep/app.py"})

    assert entry["path"] == "src/deep/app.py"
    assert (workspace / "src/deep/app.py").exists()
    assert not (workspace / "src/main.py").exists()


async def test_a_rename_replaces_only_on_purpose(files: Client, workspace: Path) -> None:
    wish = {"path": "src/main.py", "to": "README.md"}

    await files.refused("POST", "/files/rename", 409, json=wish)
    assert (workspace / "README.md").read_text() == "# Read me\n"

    await files.json("POST", "/files/rename", json={**wish, "overwrite": True})
    assert (workspace / "README.md").read_text() == "print('hello')\n"


@pytest.mark.parametrize(
    ("path", "to", "status"),
    [
        ("nowhere", "x", 404),
        ("src", "src/deep/src", 400),
        ("README.md", "nowhere/x", 404),
        ("README.md", "../x", 400),
        ("", "x", 400),
        ("src", "", 400),
        ("out/secret.txt", "x", 403),
        ("README.md", "out/x", 403),
    ],
)
async def test_renames_that_cannot_be(files: Client, workspace: Path, path: str, to: str, status: int) -> None:
    (workspace / "out").symlink_to("..")

    await files.refused("POST", "/files/rename", status, json={"path": path, "to": to})

    assert (workspace.parent / "secret.txt").read_text() == "SECRET"


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("path", ["src", "self/src"])
async def test_a_folder_is_not_moved_into_itself(files: Client, workspace: Path, path: str, *, overwrite: bool) -> None:
    (workspace / "self").symlink_to(".")
    wish = {"path": path, "to": "src/deep/src", "overwrite": overwrite}

    error = await files.refused("POST", "/files/rename", 400, json=wish)

    assert error["message"] == "A folder cannot be moved into itself."
    assert (workspace / "src/deep/leaf.txt").exists()


async def test_deleting(files: Client, workspace: Path) -> None:
    (workspace / "empty").mkdir()

    await files.json("DELETE", "/files?path=README.md", 204)
    await files.json("DELETE", "/files?path=empty", 204)
    await files.refused("DELETE", "/files?path=src", 409)
    assert (workspace / "src/main.py").exists()
    await files.json("DELETE", "/files?path=src&recursive=true", 204)

    assert names(workspace) == []
    await files.refused("DELETE", "/files?path=src", 404)
    await files.refused("DELETE", "/files?path=&recursive=true", 400)
    await files.refused("DELETE", "/files?path=x&recursive=maybe", 400)


async def test_deleting_takes_links_and_not_what_they_point_to(files: Client, workspace: Path) -> None:
    (workspace / "src/out").symlink_to(workspace.parent)
    (workspace / "src/deep/file").symlink_to(workspace.parent / "secret.txt")
    (workspace / "link").symlink_to("src")

    await files.json("DELETE", "/files?path=link&recursive=true", 204)
    assert (workspace / "src").exists()
    await files.json("DELETE", "/files?path=src&recursive=true", 204)

    assert (workspace.parent / "secret.txt").read_text() == "SECRET"


async def test_a_directory_deeper_than_stacks_is_told(files: Client, workspace: Path) -> None:
    (workspace / "pit").mkdir()
    here = os.open(workspace / "pit", os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    await files.refused("DELETE", "/files?path=pit&recursive=true", 409)


@pytest.mark.parametrize("path", [".git", "self/.git", "./.git", "src/../.git"])
async def test_git_s_own_directory_stays(files: Client, workspace: Path, path: str) -> None:
    (workspace / ".git").mkdir()
    (workspace / ".git/HEAD").touch()
    (workspace / "self").symlink_to(".")
    refused = 400 if ".." in path else 403

    await files.refused("DELETE", f"/files?path={path}&recursive=true", refused)
    await files.refused("POST", "/files/rename", refused, json={"path": path, "to": "elsewhere"})
    await files.refused("POST", "/files/rename", refused, json={"path": "src", "to": path, "overwrite": True})

    assert (workspace / ".git/HEAD").exists()
    assert (workspace / "src/main.py").exists()


async def test_a_repository_inside_may_go(files: Client, workspace: Path) -> None:
    (workspace / "src/.git").mkdir()

    await files.json("DELETE", "/files?path=src/.git", 204)

    assert not (workspace / "src/.git").exists()


async def put(files: Client, path: str, expect: int, body: Any = b"new", **headers: str) -> Any:
    return await files.json("PUT", f"/files/content?path={path}", expect, data=body, headers=headers)


async def test_an_upload_of_more_than_the_editor_takes(files: Client, workspace: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(48):
            yield bytes([number]) * (256 << 10)

    written = Written.model_validate(await put(files, "up/big.bin", 201, body()))

    assert written.size == (workspace / "up/big.bin").stat().st_size == 12 << 20
    assert written.etag == await etag(files, "up/big.bin")
    assert leftovers(workspace / "up") == []


async def test_an_upload_that_breaks_off_leaves_nothing(files: Client, workspace: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (1 << 20)
        raise ConnectionResetError

    with pytest.raises(Exception):  # noqa: B017  how the client names its own breaking off is its affair
        await put(files, "broken.bin", 201, body())

    for _ in range(100):
        if not leftovers(workspace):
            break
        await asyncio.sleep(0.05)
    assert leftovers(workspace) == []
    assert not (workspace / "broken.bin").exists()


async def test_uploads_keep_the_rules_of_writing(files: Client, workspace: Path) -> None:
    seen = await etag(files, "README.md")

    assert (await put(files, "README.md", 409))["error"]["details"]["reason"] == "exists"
    assert (await put(files, "README.md", 200, **{"If-Match": seen}))["created"] is False
    assert (await put(files, "README.md", 409, **{"If-Match": seen}))["error"]["details"]["reason"] == "changed"
    assert (await put(files, "gone", 409, **{"If-Match": seen}))["error"]["details"]["reason"] == "deleted"
    await put(files, "README.md", 400, **{"If-Match": "*"})
    await put(files, "src", 409)
    await put(files, "../x", 400)
    assert (await put(files, "README.md&overwrite=true", 200, b"all"))["size"] == 3
    assert leftovers(workspace) == []
