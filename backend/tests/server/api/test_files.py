"""The workspace over HTTP: bytes passed through as they are, refusals of the pod in our form, pods wished for."""

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from opm.server.clients.base import FileStream
from opm.server.core.errors import Unavailable
from opm.server.db.models import AuditLog, Project
from opm.server.realtime.bus import WAKE_RECONCILE
from opm.server.runtime.base import PodPhase
from tests.builders import World
from tests.fakes.files import FakeFiles
from tests.server.api.rooms import Room, fault, furnish


class Fragile(FakeFiles):
    """Counts what is open; breaks off in the middle when told to."""

    def __init__(self, *, breaks: bool) -> None:
        super().__init__({"big": b"x" * 100})
        self.breaks = breaks
        self.open = 0
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def content(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[FileStream]:
        self.open += 1
        self.opened.set()
        try:
            yield FileStream(200, {"content-type": "application/octet-stream"}, self._pieces())
        finally:
            self.open -= 1

    async def _pieces(self) -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100
            await asyncio.sleep(0)
            if self.breaks:
                raise Unavailable("The pod of this project cannot be reached.")


class Desk:
    def __init__(self, room: Room, client: httpx.AsyncClient) -> None:
        self.room = room
        self.world = room.world
        self.client = client
        self.path = f"/projects/{room.project.slug}/files"

    @property
    def files(self) -> dict[str, bytes]:
        return self.world.clients.workspaces[self.room.project.id].content_of

    async def write(self, path: str, content: str, **more: Any) -> httpx.Response:
        return await self.client.post(f"{self.path}/write", json={"path": path, "content": content, **more})

    async def content(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(f"{self.path}/content", params={"path": path}, headers=headers)


@pytest.fixture
async def desk(small_world: World) -> AsyncIterator[Desk]:
    room = await furnish(small_world)
    async with small_world.client(small_world.app(), room.owner) as client:
        yield Desk(room, client)


async def test_a_file_is_read_as_it_is(desk: Desk) -> None:
    desk.files["page.html"] = b"<script>alert(1)</script>\xc3\xbc"
    desk.files["raw.bin"] = b"\0\xff" * 10
    page = await desk.content("page.html")
    assert (page.status_code, page.content) == (200, desk.files["page.html"])
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-type"].startswith("text/plain")
    assert "sandbox" in page.headers["content-security-policy"]
    raw = await desk.content("raw.bin")
    assert (raw.content, raw.headers["x-opm-binary"]) == (desk.files["raw.bin"], "true")
    assert raw.headers["content-length"] == "20"


async def test_what_the_reader_has_is_not_sent_again(desk: Desk) -> None:
    etag = (await desk.content("a.txt")).headers["etag"]
    again = await desk.content("a.txt", **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_file_is_written_where_nobody_wrote_meanwhile(desk: Desk) -> None:
    made = await desk.write("src/new.py", "print()")
    assert (made.status_code, made.json()["created"], desk.files["src/new.py"]) == (200, True, b"print()")
    etag = made.json()["etag"]
    assert (await desk.write("src/new.py", "ü", base_etag=etag)).json()["created"] is False
    error = fault(await desk.write("src/new.py", "lost", base_etag=etag), 409)
    assert error["details"]["reason"] == "changed"
    assert fault(await desk.write("a.txt", "lost"), 409)["details"]["reason"] == "exists"
    assert desk.files["src/new.py"] == "ü".encode()
    binary = base64.b64encode(b"\0\xff").decode()
    await desk.write("raw.bin", binary, encoding="base64")
    assert desk.files["raw.bin"] == b"\0\xff"
    await desk.write("zero.txt", "a\0b")
    assert desk.files["zero.txt"] == b"a\0b"


async def test_the_tree_is_read_as_deep_as_asked(desk: Desk) -> None:
    await desk.write("src/app/main.py", "x")
    flat = (await desk.client.get(f"{desk.path}/tree")).json()
    assert [(entry["name"], entry["type"], entry["children"]) for entry in flat["entries"]] == [
        ("src", "directory", None),
        ("a.txt", "file", None),
    ]
    deep = (await desk.client.get(f"{desk.path}/tree", params={"max_depth": 3})).json()
    assert deep["entries"][0]["children"][0]["children"][0]["path"] == "src/app/main.py"
    for wrong in (0, 65, "x"):
        fault(await desk.client.get(f"{desk.path}/tree", params={"max_depth": wrong}), 400)


async def test_files_are_made_renamed_and_deleted(desk: Desk) -> None:
    assert (await desk.client.post(f"{desk.path}/mkdir", json={"path": "docs"})).status_code == 201
    renamed = await desk.client.post(f"{desk.path}/rename", json={"path": "a.txt", "to": "docs/b.txt"})
    assert (renamed.status_code, list(desk.files)) == (204, ["docs/b.txt"])
    fault(await desk.client.delete(desk.path, params={"path": "docs"}), 409)
    deleted = await desk.client.delete(desk.path, params={"path": "docs", "recursive": "true"})
    assert (deleted.status_code, desk.files) == (204, {})
    line = (await desk.world.rows(AuditLog))[-1]
    assert (line.action, line.resource_id, line.user_id) == ("file.delete", "docs", desk.room.owner.user_id)


async def test_a_path_of_any_length_is_told_whole(world: World) -> None:
    """On both databases: it stood in a column that was too narrow on one, which then forgot a deletion."""
    room = await furnish(world)
    path = "/".join(hashlib.sha512(bytes([n])).hexdigest() for n in range(32))[:4096]
    world.clients.workspaces[room.project.id].content_of[path] = b"x"
    async with world.client(world.app(), room.owner) as client:
        place = f"/projects/{room.project.slug}"
        deleted = await client.delete(f"{place}/files", params={"path": path})
        assert deleted.status_code == 204, deleted.text
        found = (await client.get(f"{place}/audit", params={"resource_id": path})).json()["items"]
    assert [(line["action"], line["resource_id"]) for line in found] == [("file.delete", path)]


class Silent(FakeFiles):
    """Deletes, and never says so."""

    async def delete(self, path: str, *, recursive: bool) -> None:
        await super().delete(path, recursive=recursive)
        raise Unavailable("The pod does not answer.", reason="unreachable")


async def test_a_deletion_whose_end_is_not_known_is_in_the_log(desk: Desk) -> None:
    desk.world.clients.workspaces[desk.room.project.id] = Silent({"a.txt": b"x"})
    fault(await desk.client.delete(desk.path, params={"path": "a.txt"}), 503)
    line = (await desk.world.rows(AuditLog))[-1]
    assert (line.action, line.resource_id, line.outcome) == ("file.delete", "a.txt", "failure")


async def test_what_was_not_deleted_is_not_in_the_log(desk: Desk) -> None:
    before = len(await desk.world.rows(AuditLog))
    fault(await desk.client.delete(desk.path, params={"path": "nowhere"}), 404)
    assert len(await desk.world.rows(AuditLog)) == before


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a\0b", "src/.."])
async def test_what_the_pod_refuses_is_refused_in_our_form(desk: Desk, path: str) -> None:
    assert fault(await desk.content(path), 400)["type"] == "VALIDATION_ERROR"
    fault(await desk.write(path, "x"), 400)
    fault(await desk.client.delete(desk.path, params={"path": path}), 400)


@pytest.mark.parametrize(("path", "status"), [("nowhere", 404), ("x" * 4097, 400)])
async def test_what_is_not_there_is_said_to_be_so(desk: Desk, path: str, status: int) -> None:
    fault(await desk.content(path), status)


async def test_a_pod_that_does_not_run_is_wished_for(desk: Desk) -> None:
    world, project_id = desk.world, desk.room.project.id
    await world.runtime.stop(project_id)
    world.clock.pass_by(minutes=2)
    rung = world.rung(WAKE_RECONCILE)
    answer = await desk.content("a.txt")
    error = fault(answer, 503)
    assert (error["type"], error["details"]["reason"]) == ("SERVICE_UNAVAILABLE", "pod_starting")
    assert answer.headers["retry-after"] == "1"
    assert world.rung(WAKE_RECONCILE) == rung + 1
    await desk.content("a.txt")
    assert world.rung(WAKE_RECONCILE) == rung + 1, "a wish that was made just now is not made again"
    (project,) = await world.rows(Project)
    assert (project.desired_state, project.last_used_at) == ("running", world.clock.now())


async def test_a_pod_that_cannot_run_is_said_to_be_so(desk: Desk) -> None:
    pod = desk.world.runtime.pods[desk.room.project.id]
    pod.phase, pod.reason = PodPhase.FAILED, "OpenCode ended with exit code 1"
    error = fault(await desk.content("a.txt"), 503)
    assert error["details"]["reason"] == "pod_failed"
    assert "exit code 1" in error["message"]


@pytest.mark.parametrize("breaks", [True, False])
async def test_the_pod_is_let_go_of_however_reading_ends(desk: Desk, breaks: bool) -> None:
    fragile = desk.world.clients.workspaces[desk.room.project.id] = Fragile(breaks=breaks)
    if breaks:
        with pytest.raises(RuntimeError):  # half an answer is out: the connection is cut
            await desk.content("big")
    else:
        assert len((await desk.content("big")).content) == 10_000
    assert fragile.opened.is_set()
    assert fragile.open == 0


async def test_the_pod_is_let_go_of_when_the_reader_leaves(desk: Desk) -> None:
    fragile = desk.world.clients.workspaces[desk.room.project.id] = Fragile(breaks=False)
    reading = asyncio.create_task(desk.content("big"))
    await fragile.opened.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert fragile.open == 0


async def test_a_file_of_any_size_is_taken_as_bytes(desk: Desk) -> None:
    sent = b"x" * (40 << 20)
    octets = {"Content-Type": "application/octet-stream"}

    made = await desk.client.put(f"{desk.path}/content", params={"path": "big"}, content=sent, headers=octets)

    assert (made.status_code, made.json()["size"], desk.files["big"] == sent) == (200, len(sent), True)
    again = await desk.client.put(f"{desk.path}/content", params={"path": "big"}, content=b"y", headers=octets)
    assert fault(again, 409)["details"]["reason"] == "exists"
    seen = {**octets, "If-Match": made.json()["etag"]}
    await desk.client.put(f"{desk.path}/content", params={"path": "big"}, content=b"y", headers=seen)
    assert desk.files["big"] == b"y"


async def test_an_upload_says_that_it_is_bytes(desk: Desk) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        answer = await desk.client.put(
            f"{desk.path}/content", params={"path": "a"}, content=b"x", headers={"Content-Type": kind}
        )
        fault(answer, 415)


async def test_a_folder_is_fetched_as_an_archive(desk: Desk) -> None:
    await desk.write("src/tea.py", "tea")

    answer = await desk.client.get(f"{desk.path}/archive", params={"path": "src"})

    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("tea.py") == b"tea"


async def test_files_are_searched(desk: Desk) -> None:
    desk.files["src/tea.py"] = b"pour the tea"

    answer = await desk.client.get(f"{desk.path}/search", params={"query": "tea", "kind": "content"})

    assert [(hit["path"], hit["line"]) for hit in answer.json()["hits"]] == [("src/tea.py", 1)]
    fault(await desk.client.get(f"{desk.path}/search", params={"query": ""}), 400)
    fault(await desk.client.get(f"{desk.path}/search", params={"query": "x", "kind": "other"}), 400)


async def test_the_committed_file_is_never_a_page(desk: Desk) -> None:
    answer = await desk.client.get(f"{desk.path}/original", params={"path": "a.txt"})

    assert (answer.content, answer.headers["x-file-encoding"]) == (b"older", "utf-8")
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-type"] == "application/octet-stream"
    fault(await desk.client.get(f"{desk.path}/original", params={"path": "never"}), 404)
