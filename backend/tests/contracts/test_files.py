"""What both workspaces promise: the one in memory that other tests use, and the real one behind its sidecar."""

import asyncio
import base64
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from opm.server.clients.base import FileClient
from opm.server.clients.pods import HttpPodClients
from opm.server.core.errors import Conflict, Invalid, NotFound
from opm.sidecar.files.app import create
from opm.wire.files import Entry, EntryType, FileSearch, MakeDirectory, Rename, WatchEvent, WriteFile
from opm.wire.workspace import CloneOrder
from tests.fakes.files import FakeFiles
from tests.gitserver import repository, serving
from tests.server.clients.sidecar import address_of
from tests.sidecar.support import served, settings


@pytest.fixture(params=["fake", "real"])
async def files(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileClient]:
    if request.param == "fake":
        yield FakeFiles()
        return
    about, clients = settings("files", tmp_path), HttpPodClients()
    async with served(create(about)) as url:
        yield clients.files(address_of(about, url))
        await clients.close()


async def read(files: FileClient, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with files.content(path, headers) as found:
        return found.status, dict(found.headers), b"".join([piece async for piece in found.body])


def names(entries: list[Entry] | None) -> list[str]:
    assert entries is not None
    return [entry.name for entry in entries]


async def test_what_was_written_is_read(files: FileClient) -> None:
    written = await files.write(WriteFile(path="deep/er/ä.txt", content="grüße\n"))
    status, headers, body = await read(files, "deep/er/ä.txt")
    assert (status, body.decode()) == (200, "grüße\n")
    assert (written.path, written.size, written.created) == ("deep/er/ä.txt", len(body), True)
    assert headers["etag"] == written.etag
    assert headers["content-length"] == str(len(body))
    assert headers["x-opm-binary"] == "false"
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers.keys().isdisjoint({"date", "server", "set-cookie", "transfer-encoding", "connection"})


async def test_bytes_survive(files: FileClient) -> None:
    data = bytes(range(256)) * 500
    await files.write(WriteFile(path="x.bin", content=base64.b64encode(data).decode(), encoding="base64"))
    _, headers, body = await read(files, "x.bin")
    assert body == data
    assert headers["x-opm-binary"] == "true"
    assert headers["content-type"] == "application/octet-stream"


async def test_an_unchanged_file_is_not_sent_again(files: FileClient) -> None:
    written = await files.write(WriteFile(path="a", content="a"))
    status, headers, body = await read(files, "a", **{"If-None-Match": written.etag})
    assert (status, body) == (304, b"")
    assert headers["etag"] == written.etag


async def test_the_tree_goes_as_deep_as_asked_directories_first(files: FileClient) -> None:
    for path in ("b.txt", "A.txt", "dir/sub/leaf.txt"):
        await files.write(WriteFile(path=path, content="x"))
    shallow = await files.tree("", 1)
    assert names(shallow.entries) == ["dir", "A.txt", "b.txt"]
    assert [entry.type for entry in shallow.entries] == [EntryType.DIRECTORY, EntryType.FILE, EntryType.FILE]
    assert shallow.entries[0].children is None
    assert shallow.entries[1].size == 1
    deep = await files.tree("", 2)
    assert names(deep.entries[0].children) == ["sub"]
    inner = await files.tree("dir/sub", 1)
    assert [(entry.name, entry.path) for entry in inner.entries] == [("leaf.txt", "dir/sub/leaf.txt")]


async def test_who_writes_what_somebody_else_changed_is_told_so(files: FileClient) -> None:
    first = await files.write(WriteFile(path="a", content="1"))
    second = await files.write(WriteFile(path="a", content="two", base_etag=first.etag))
    assert not second.created
    assert second.etag != first.etag
    with pytest.raises(Conflict) as changed:
        await files.write(WriteFile(path="a", content="mine", base_etag=first.etag))
    assert (changed.value.details["reason"], changed.value.details["etag"]) == ("changed", second.etag)
    with pytest.raises(Conflict) as exists:
        await files.write(WriteFile(path="a", content="new"))
    assert exists.value.details["reason"] == "exists"
    await files.delete("a", recursive=False)
    with pytest.raises(Conflict) as deleted:
        await files.write(WriteFile(path="a", content="mine", base_etag=second.etag))
    assert deleted.value.details["reason"] == "deleted"


async def test_overwriting_is_done_when_asked_for(files: FileClient) -> None:
    await files.write(WriteFile(path="a", content="1"))
    assert not (await files.write(WriteFile(path="a", content="2", overwrite=True))).created
    assert (await read(files, "a"))[2] == b"2"


async def test_directories_are_made_and_renamed_with_what_is_in_them(files: FileClient) -> None:
    await files.mkdir(MakeDirectory(path="one/two"))
    await files.write(WriteFile(path="one/two/x", content="x"))
    await files.rename(Rename(path="one/two", to="moved"))
    assert (await read(files, "moved/x"))[2] == b"x"
    assert names((await files.tree("one", 1)).entries) == []
    with pytest.raises(Conflict):
        await files.rename(Rename(path="one", to="moved"))
    await files.write(WriteFile(path="file", content="f"))
    with pytest.raises(Conflict):
        await files.mkdir(MakeDirectory(path="file"))


async def test_a_directory_with_something_in_it_is_deleted_only_when_asked_for(files: FileClient) -> None:
    await files.write(WriteFile(path="d/e/x", content="x"))
    with pytest.raises(Conflict):
        await files.delete("d", recursive=False)
    assert (await read(files, "d/e/x"))[2] == b"x"
    await files.delete("d", recursive=True)
    assert names((await files.tree("", 1)).entries) == []


async def test_what_is_not_there_is_not_found(files: FileClient) -> None:
    for attempt in (
        files.tree("no", 1),
        read(files, "no"),
        files.delete("no", recursive=True),
        files.rename(Rename(path="no", to="yes")),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_directory_is_not_read_as_a_file(files: FileClient) -> None:
    await files.mkdir(MakeDirectory(path="d"))
    with pytest.raises(Conflict):
        await read(files, "d")
    with pytest.raises(Conflict):
        await files.write(WriteFile(path="d", content="x", overwrite=True))


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a\0b"])
async def test_no_path_leads_out(files: FileClient, path: str) -> None:
    for attempt in (
        files.tree(path, 1),
        read(files, path),
        files.write(WriteFile(path=path, content="x")),
        files.mkdir(MakeDirectory(path=path)),
        files.delete(path, recursive=True),
        files.rename(Rename(path=path, to="x")),
    ):
        with pytest.raises(Invalid):
            await attempt


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def test_an_upload_arrives_whole_and_replaces_nothing_unasked(files: FileClient) -> None:
    first = await files.upload("in/a.bin", pieces(b"x" * 300_000, b"", bytes(range(256))))
    assert (first.path, first.size, first.created) == ("in/a.bin", 300_256, True)
    assert (await read(files, "in/a.bin"))[2] == b"x" * 300_000 + bytes(range(256))
    with pytest.raises(Conflict) as exists:
        await files.upload("in/a.bin", pieces(b"other"))
    assert (exists.value.details["reason"], exists.value.details["etag"]) == ("exists", first.etag)
    second = await files.upload("in/a.bin", pieces(b"2"), base_etag=first.etag)
    assert not second.created
    with pytest.raises(Conflict):
        await files.upload("in/a.bin", pieces(b"3"), base_etag=first.etag)
    await files.upload("in/a.bin", pieces(), overwrite=True)
    assert (await read(files, "in/a.bin"))[2] == b""


async def test_a_folder_comes_as_an_archive(files: FileClient) -> None:
    for path in ("top.txt", "d/one.txt", "d/e/two.txt"):
        await files.write(WriteFile(path=path, content=path))
    for folder, expected in (("", {"top.txt", "d/one.txt", "d/e/two.txt"}), ("d", {"one.txt", "e/two.txt"})):
        async with files.archive(folder) as found:
            body = b"".join([piece async for piece in found.body])
            assert found.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None
            assert set(archive.namelist()) == expected
    with pytest.raises(NotFound):
        async with files.archive("nowhere"):
            pass


async def test_contents_and_names_are_searched(files: FileClient) -> None:
    await files.write(WriteFile(path="src/tea.py", content="first\n  Pour the tea\n"))
    await files.write(WriteFile(path="src/cup.py", content="nothing\n"))
    found = await files.search(FileSearch(query="pour"))
    assert [(hit.path, hit.line, hit.column) for hit in found.hits] == [("src/tea.py", 2, 3)]
    assert "Pour the tea" in found.hits[0].text
    assert not found.truncated
    assert [hit.path for hit in (await files.search(FileSearch(query="CUP", kind="name"))).hits] == ["src/cup.py"]
    assert (await files.search(FileSearch(query="absent"))).hits == []


async def test_what_was_never_committed_has_no_original(files: FileClient) -> None:
    await files.write(WriteFile(path="a", content="x"))
    with pytest.raises(NotFound):
        await original(files, "a")


async def test_a_listing_is_as_long_as_asked(files: FileClient) -> None:
    for name in "abc":
        await files.write(WriteFile(path=name, content=name))
    short = await files.tree("", 1, 2)
    assert (len(short.entries), short.truncated) == (2, True)
    rest = await files.tree("", 1, 2, short.next)
    assert [entry.name for entry in (*short.entries, *rest.entries)] == ["a", "b", "c"]
    assert (rest.truncated, rest.next) == (False, None)
    assert (await read(files, "a"))[1]["x-file-encoding"] == "utf-8"


async def test_what_changes_is_told(files: FileClient) -> None:
    await files.write(WriteFile(path="old", content="x"))
    async with asyncio.timeout(20), aclosing(files.watch()) as events:
        assert await anext(events) == WatchEvent(type="ready")
        await files.write(WriteFile(path="d/new", content="x"))
        await files.write(WriteFile(path="old", content="y", overwrite=True))
        await files.delete("d/new", recursive=False)
        await files.write(WriteFile(path="end", content="x"))
        told: dict[str, str] = {}
        while "end" not in told:
            event = await anext(events)
            told |= {item.path: item.operation for item in event.items}
    assert told["old"] == "create"
    assert told.get("d/new", "delete") == "delete", "what came and went within a moment may be left out"


async def test_what_cannot_be_cloned_leaves_the_workspace_as_it_is(files: FileClient) -> None:
    await files.write(WriteFile(path="a", content="x"))
    with pytest.raises(Invalid):
        await cloned(files, "file:///etc")
    with pytest.raises(Conflict) as missing:
        await cloned(files, "http://127.0.0.1:9/none.git")
    assert missing.value.details["reason"]
    assert names((await files.tree("", 1)).entries) == ["a"]


async def test_a_repository_takes_the_place_of_everything(files: FileClient, tmp_path: Path) -> None:
    with serving(tmp_path.parent / f"{tmp_path.name}-served") as hub:
        url = hub.publish(repository(hub.root / "work"))
        if isinstance(files, FakeFiles):
            files.repositories[url] = {"README.md": b"# Tea\n", "src/tea.py": b"print('tea')\n"}
        await files.write(WriteFile(path="a", content="x"))
        phases = await cloned(files, url)
    assert phases[0] == "starting"
    assert "receiving" in phases
    found = names((await files.tree("", 1)).entries)
    assert [name for name in found if name != ".git"] == ["src", "README.md"]
    assert await original(files, "README.md") == ("utf-8", b"# Tea\n")


async def original(files: FileClient, path: str) -> tuple[str, bytes]:
    async with files.original(path) as stream:
        return stream.headers["x-file-encoding"], b"".join([piece async for piece in stream.body])


async def cloned(files: FileClient, url: str) -> list[str]:
    return [progress.phase async for progress in files.clone(CloneOrder(url=url))]
