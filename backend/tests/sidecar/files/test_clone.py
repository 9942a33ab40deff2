"""A real git clones from a real server; the sign-in is nowhere to be found, and half a clone is never seen."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opm.sidecar.files import git as told_git
from opm.sidecar.files.app import create
from opm.wire.repositories import ref_problem, url_problem
from opm.wire.workspace import CloneOrder
from tests.gitserver import GitServer, git, repository, serving
from tests.sidecar.support import Client, client_of, settings

TOKEN = "ghp_0123456789_secret"
PATH = "/workspace/clone"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitServer]:
    with serving(tmp_path / "served") as server:
        server.publish(repository(tmp_path / "work"))
        yield server


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """As a pod finds it: a repository with one commit of nothing."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Create the workspace")
    return folder


@pytest.fixture
async def files(empty: Path) -> AsyncGenerator[Client]:
    pod = settings("files", empty)
    async with client_of(create(pod), pod) as client:
        yield client


async def clone(files: Client, url: str, **more: Any) -> list[dict[str, Any]]:
    async with files.request("POST", PATH, json={"url": url, **more}) as response:
        assert response.status == 200, await response.text()
        return [json.loads(line) async for line in response.content]


async def failure(files: Client, url: str, **more: Any) -> dict[str, str]:
    return (await clone(files, url, **more))[-1]["failure"]


def processes() -> Iterator[bytes]:
    """The arguments and variables of every process that may be looked at."""
    for process in Path("/proc").iterdir():
        for part in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                yield (process / part).read_bytes()


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if reached():
                return
            await asyncio.sleep(0.02)


def identity(folder: Path) -> int:
    return folder.stat().st_ino


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


async def test_a_repository_takes_the_place_of_the_empty_workspace(files: Client, hub: GitServer, empty: Path) -> None:
    inode = identity(empty)
    lines = await clone(files, hub.url(), addresses=["127.0.0.1"])
    assert lines[-1] == {"done": True}
    phases = [line["progress"]["phase"] for line in lines[:-1]]
    assert phases[0] == "starting"
    assert "receiving" in phases
    percents = [line["progress"].get("percent") for line in lines[:-1]]
    assert percents[0] is None
    assert all(0 <= percent <= 100 for percent in percents[1:] if percent is not None)
    assert names(empty) == {".git", "README.md", "src"}
    assert identity(empty) == inode, "whoever stands in the directory stays there"
    assert git(empty, "log", "--format=%s") == "first"
    assert git(empty, "status", "--porcelain") == ""
    assert git(empty, "remote", "get-url", "origin") == hub.url()
    tree = await files.json("GET", "/files/tree?path=")
    assert [entry["name"] for entry in tree["entries"]] == [".git", "src", "README.md"]


@pytest.mark.parametrize(("ref", "expected"), [("next", "second"), ("v1", "first")])
async def test_a_branch_or_tag(files: Client, hub: GitServer, empty: Path, ref: str, expected: str) -> None:
    assert (await clone(files, hub.url(), ref=ref))[-1] == {"done": True}
    assert git(empty, "log", "-1", "--format=%s") == expected


async def test_the_newest_history_alone(files: Client, hub: GitServer, empty: Path) -> None:
    await clone(files, hub.url(), ref="next", depth=1)
    assert git(empty, "rev-list", "--count", "HEAD") == "1"


async def test_a_token_signs_in_and_is_nowhere(files: Client, hub: GitServer, empty: Path) -> None:
    hub.sign_in = f"ann:{TOKEN}"
    seen: list[bytes] = []
    hub.meanwhile = lambda: seen.extend(processes())
    lines = await clone(files, hub.url(), username="ann", token=TOKEN)
    assert lines[-1] == {"done": True}
    assert any(b"git\0" in text and b"clone\0" in text for text in seen), "git was looked at while it was at work"
    assert not [text for text in seen if TOKEN.encode() in text]
    assert TOKEN not in json.dumps(lines)
    assert not [text for text in stored(empty) if TOKEN.encode() in text]
    assert "credential" not in (empty / ".git" / "config").read_text()


async def test_a_wrong_token_or_none(files: Client, hub: GitServer, empty: Path) -> None:
    hub.sign_in = f"ann:{TOKEN}"
    for given in ({}, {"token": "wrong-token"}):
        told = await failure(files, hub.url(), **given)
        assert told["reason"] == "authentication"
        assert "wrong-token" not in told["message"]
    assert names(empty) == {".git"}


async def test_a_sign_in_does_not_follow_a_redirect(files: Client, hub: GitServer, tmp_path: Path) -> None:
    with serving(tmp_path / "other") as other:
        hub.redirect = f"http://127.0.0.1:{other.port}"
        told = await failure(files, hub.url(), token=TOKEN)
        assert told["reason"] == "redirect"
        assert other.authorizations == []


async def test_what_is_not_there(files: Client, hub: GitServer, empty: Path) -> None:
    assert (await failure(files, hub.url("none.git")))["reason"] == "not_found"
    assert (await failure(files, hub.url(), ref="none"))["reason"] == "no_such_ref"
    assert (await failure(files, "http://127.0.0.1:9/tea.git"))["reason"] == "unreachable"
    assert names(empty) == {".git"}


async def test_git_connects_to_the_judged_addresses_alone(files: Client, hub: GitServer) -> None:
    named = f"http://tea.example:{hub.port}/tea.git"
    assert (await clone(files, named, addresses=["127.0.0.1"]))[-1] == {"done": True}
    assert (await failure(files, named.replace("tea.example", "localhost"), addresses=["127.0.0.2"]))["reason"]


async def test_a_repository_that_is_too_large(files: Client, hub: GitServer, empty: Path, tmp_path: Path) -> None:
    work = repository(tmp_path / "large")
    (work / "large.bin").write_bytes(os.urandom(3 << 20))
    git(work, "add", ".")
    git(work, "commit", "-qm", "large")
    told = await failure(files, hub.publish(work, "large.git"), most_bytes=4096)
    assert told["reason"] == "too_large"
    assert names(empty) == {".git"}


async def test_a_clone_that_takes_too_long(files: Client, hub: GitServer, empty: Path) -> None:
    release = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()
    hub.meanwhile = lambda: asyncio.run_coroutine_threadsafe(asyncio.wait_for(release, 20), loop).result()
    told = await failure(files, hub.url(), seconds=0.7)
    assert told["reason"] == "timeout"
    assert names(empty) == {".git"}
    release.set_result(None)


async def test_a_clone_ends_with_the_one_who_asked_and_begins_anew(files: Client, hub: GitServer, empty: Path) -> None:
    loop, release = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
    hub.meanwhile = lambda: asyncio.run_coroutine_threadsafe(
        asyncio.wait_for(asyncio.shield(release), 20), loop
    ).result()
    async with files.request("POST", PATH, json={"url": hub.url()}) as response:
        assert json.loads(await response.content.readline())["progress"]["phase"] == "starting"
        await until(lambda: any(name.startswith(".opm-clone-") for name in names(empty)))
        busy = await files.refused("POST", PATH, 409, json={"url": hub.url()})
        assert busy["details"]["reason"] == "busy"
        response.close()
    release.set_result(None)
    await until(lambda: names(empty) == {".git"})
    (empty / ".opm-clone-old").mkdir()
    (empty / "left.txt").write_text("of an earlier attempt")
    hub.meanwhile = lambda: None
    assert (await clone(files, hub.url()))[-1] == {"done": True}
    assert names(empty) == {".git", "README.md", "src"}


async def test_nothing_that_a_repository_brings_is_run(
    files: Client, hub: GitServer, empty: Path, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    work = repository(tmp_path / "trap")
    (work / ".gitattributes").write_text("* filter=x\n")
    (work / ".gitmodules").write_text(f'[submodule "m"]\n\tpath = m\n\turl = {hub.url()}\n')
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{git(work, 'rev-parse', 'HEAD')},m")
    git(work, "add", ".gitattributes", ".gitmodules")
    git(work, "commit", "-qm", "trap")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[filter "x"]\n\tsmudge = touch {sprung}\n')
    assert (await clone(files, hub.publish(work, "trap.git")))[-1] == {"done": True}
    assert not list((empty / "m").iterdir())
    assert not sprung.exists()
    hooks = empty / ".git" / "hooks"
    assert not hooks.exists() or not list(hooks.iterdir())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://ann:secret@127.0.0.1/tea.git"},
        {"url": "ext::sh -c id"},
        {"url": "file:///etc"},
        {"url": "--upload-pack=id"},
        {"url": "https://host.example/tea", "ref": "--upload-pack=id"},
        {"url": "https://host.example/tea", "token": "a\npassword=b"},
        {"url": "https://host.example/tea", "colour": "green"},
    ],
)
async def test_what_git_must_not_be_given(files: Client, body: dict[str, Any]) -> None:
    told = await files.refused("POST", PATH, 400, json=body)
    assert "secret" not in json.dumps(told)


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:ann/tea.git",
        "ssh://git@github.com/ann/tea.git",
        "/srv/tea.git",
        "../tea.git",
        "https://",
        "https://host.example",
        "https://host.example/",
        "https://-host.example/tea",
        "https://host.example/tea?x=1",
        "https://host.example/tea#x",
        "https://host.example/te a",
        "https://host.example/tea\n",
        "https:/host.example/tea",
        "https://host.example:99999/tea",
        "https://@host.example/tea",
        "ext::https://host.example/tea",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    assert url_problem(url)


def test_addresses_and_refs_that_are_good() -> None:
    for url in ("https://github.com/ann/tea.git", "https://host.example:8443/a/b%20c", "http://[::1]:80/tea"):
        assert url_problem(url) is None
    for ref in ("main", "feature/x-1", "v1.0", "ann@work"):
        assert ref_problem(ref) is None
    for ref in ("-x", "a..b", "a b", "a~1", "@{u}", "x.lock", "/a", "a/", "a//b"):
        assert ref_problem(ref)


def test_a_name_is_pinned_to_its_judged_addresses_and_a_number_is_what_it_is() -> None:
    def pinned(url: str) -> list[str]:
        order = CloneOrder(url=url, addresses=["93.184.215.14", "2606::1"])
        return [word for word in told_git.arguments(order, "draft", None) if "Resolve" in word]

    assert pinned("https://h.example/t") == ["http.curloptResolve=h.example:443:93.184.215.14,[2606::1]"]
    assert pinned("https://[2606::1]:8443/t") == []
    assert pinned("https://93.184.215.14/t") == []


def test_git_s_words_are_told_without_the_secret() -> None:
    order = CloneOrder(url="https://h.example/t", token=TOKEN)
    assert told_git.plain(f"fatal: \x1b[31m{TOKEN}\x07".encode(), order) == "fatal: [31m***"
    assert told_git.failure_of(["remote: certificate not found", "fatal: odd"]).message.endswith("odd")
    assert told_git.failure_of(["error: RPC failed; curl 28 Operation too slow. Less"]).reason == "stalled"
    assert TOKEN not in repr(order)
    assert told_git.progress_of("Receiving objects:  45% (9/20), 1.2 MiB | 3 MiB/s") is not None
    assert told_git.progress_of("remote: Enumerating objects: 5, done.") is None


async def test_strangers_clone_nothing(files: Client) -> None:
    async with files.raw("POST", PATH, {}, json={"url": "https://h.example/t"}) as response:
        assert response.status == 401
    async with aiohttp.ClientSession() as http, http.post(files.url + PATH) as response:
        assert response.status == 401
