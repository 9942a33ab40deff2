"""Listings: order, depth, limits, and links shown but never entered."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.tree import Listing, modified, place_after
from opm.wire.files import Tree
from tests.sidecar.support import Client


def paths(entries: list[dict[str, Any]]) -> list[str]:
    return [path for entry in entries for path in (entry["path"], *paths(entry["children"] or []))]


async def test_a_listing_is_what_the_contract_says(files: Client) -> None:
    found = await files.json("GET", "/files/tree")

    tree = Tree.model_validate(found)

    assert [entry.name for entry in tree.entries] == ["src", "README.md"]
    assert tree.entries[0].children is None
    assert tree.entries[1].size == len("# Read me\n")
    assert tree.entries[1].modified is not None
    assert not tree.truncated


async def test_as_deep_as_asked(files: Client) -> None:
    found = await files.json("GET", "/files/tree?path=&max_depth=2")
    assert paths(found["entries"]) == ["src", "src/deep", "src/main.py", "README.md"]

    found = await files.json("GET", "/files/tree?path=src&max_depth=64")
    assert (found["path"], paths(found["entries"])) == ("src", ["src/deep", "src/deep/leaf.txt", "src/main.py"])


@pytest.mark.parametrize("depth", ["0", "65", "-1", "x", "", "1e1", "%C2%B2"])
async def test_depths_that_are_none(files: Client, depth: str) -> None:
    await files.refused("GET", f"/files/tree?max_depth={depth}", 400)


async def test_directories_first_then_names_whatever_their_case(files: Client, workspace: Path) -> None:
    for name in ("b.txt", "A.txt", "c.txt"):
        (workspace / name).touch()
    for name in ("Zoo", "ape"):
        (workspace / name).mkdir()

    found = await files.json("GET", "/files/tree")

    assert paths(found["entries"]) == ["ape", "src", "Zoo", "A.txt", "b.txt", "c.txt", "README.md"]


async def test_links_are_shown_and_not_entered(files: Client, workspace: Path) -> None:
    (workspace / "in").symlink_to("src")
    (workspace / "out").symlink_to("/etc")
    (workspace / "loop").symlink_to(".")

    found = await files.json("GET", "/files/tree?max_depth=64")

    links = {entry["name"]: entry for entry in found["entries"] if entry["type"] == "link"}
    assert {name: entry["target"] for name, entry in links.items()} == {"in": "src", "out": "/etc", "loop": "."}
    assert all(entry["children"] is None for entry in links.values())
    await files.refused("GET", "/files/tree?path=out", 403)
    assert paths((await files.json("GET", "/files/tree?path=in"))["entries"]) == ["in/deep", "in/main.py"]


async def test_git_is_entered_only_when_asked_for(files: Client, workspace: Path) -> None:
    (workspace / ".git" / "refs").mkdir(parents=True)
    (workspace / ".git" / "HEAD").touch()

    everything = await files.json("GET", "/files/tree?max_depth=64")
    assert ".git" in paths(everything["entries"])
    assert ".git/HEAD" not in paths(everything["entries"])

    asked = await files.json("GET", "/files/tree?path=.git&max_depth=2")
    assert paths(asked["entries"]) == [".git/refs", ".git/HEAD"]


async def test_odd_names_come_back_as_paths_that_can_be_read(files: Client, workspace: Path) -> None:
    odd = [b"new\nline", b"quo'te\"", b"%2e%2e", b"back\\slash", b"\xff\xfe", b"x" * 255, "\u202ertl".encode()]
    for name in odd:
        write(workspace, name)

    found = await files.json("GET", "/files/tree")

    read: set[bytes] = set()
    for entry in found["entries"]:
        if entry["type"] == "file" and entry["name"] != "README.md":
            async with files.request("GET", "/files/content?" + encoded(entry["path"])) as response:
                assert response.status == 200
                read.add(await response.read())
    assert read == set(odd)


def write(workspace: Path, name: bytes) -> None:
    (workspace / os.fsdecode(name)).write_bytes(name)


def encoded(path: str) -> str:
    return "path=" + "".join(f"%{byte:02X}" for byte in path.encode())


def test_too_many_entries_cut_the_depths_and_not_the_start(workspace: Path) -> None:
    for number in range(10):
        (workspace / "src" / "deep" / f"{number}.txt").touch()

    found = Listing(Beneath(workspace), most=6).tree(b"", 64)

    assert found["truncated"]
    assert len(paths(found["entries"])) == 6
    assert {"src", "README.md", "src/deep", "src/main.py"} <= set(paths(found["entries"]))


def test_an_exact_fit_is_not_cut(workspace: Path) -> None:
    assert not Listing(Beneath(workspace), most=5).tree(b"", 64)["truncated"]
    assert Listing(Beneath(workspace), most=4).tree(b"", 64)["truncated"]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_a_large_folder_is_read_page_by_page_without_gap_or_repetition(workspace: Path, most: int) -> None:
    for number in range(10):
        (workspace / "src" / f"{number}.txt").touch()
        (workspace / "src" / f"Folder{number}").mkdir()
    (workspace / "src" / os.fsdecode(b"\xff.txt")).touch()
    whole = paths(Listing(Beneath(workspace)).tree(b"src", 1)["entries"])
    assert len(whole) == 23

    seen: list[str] = []
    after: str | None = None
    for _ in range(30):
        page = Listing(Beneath(workspace), most=most).tree(b"src", 1, place_after(after) if after else None)
        seen += paths(page["entries"])
        after = page["next"]
        assert page["truncated"] == (after is not None)
        if after is None:
            break

    assert seen == whole


async def test_a_page_is_continued_over_http_also_when_its_last_name_is_gone(files: Client, workspace: Path) -> None:
    first = await files.json("GET", "/files/tree?limit=1")
    assert (paths(first["entries"]), first["next"]) == (["src"], "src/")
    (workspace / "src").rename(workspace / "other")
    following = await files.json("GET", "/files/tree?after=src%2F")
    assert (paths(following["entries"]), following["next"]) == (["README.md"], None)


@pytest.mark.parametrize("after", ["a%2Fb", "%2F", "..%2Fx"])
async def test_what_no_listing_said_is_no_place(files: Client, after: str) -> None:
    await files.refused("GET", f"/files/tree?after={after}", 400)


def test_depths_that_are_cut_are_not_continued_from_above(workspace: Path) -> None:
    found = Listing(Beneath(workspace), most=3).tree(b"", 64)
    assert (found["truncated"], found["next"]) == (True, None)


def test_time_cuts_a_listing(workspace: Path) -> None:
    ticks = iter(range(1_000))

    found = Listing(Beneath(workspace), seconds=2, clock=lambda: float(next(ticks))).tree(b"", 64)

    assert found["truncated"]
    assert 0 < len(paths(found["entries"])) < 5


def test_a_time_no_calendar_holds_is_no_time() -> None:
    assert modified(os.stat_result((0o100644, 1, 1, 1, 0, 0, 0, 0, 2**50, 0))) is None
    assert modified(os.stat_result((0o100644, 1, 1, 1, 0, 0, 0, 0, 0, 0))) == datetime(1970, 1, 1, tzinfo=UTC)


async def test_a_file_is_no_directory_and_nothing_is_nothing(files: Client) -> None:
    await files.refused("GET", "/files/tree?path=README.md", 409)
    await files.refused("GET", "/files/tree?path=nowhere", 404)
