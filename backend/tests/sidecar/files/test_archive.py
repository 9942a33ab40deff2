"""Folders as archives: everything regular, nothing from outside, names that no program takes for a path elsewhere."""

import io
import os
import zipfile
from pathlib import Path

from opm.sidecar.files.archive import pieces
from opm.sidecar.files.beneath import Beneath
from tests.sidecar.support import Client


async def fetched(files: Client, query: str = "") -> zipfile.ZipFile:
    async with files.request("GET", f"/files/archive{query}") as response:
        assert response.status == 200, await response.text()
        return zipfile.ZipFile(io.BytesIO(await response.read()))


async def test_what_is_regular_is_in_it_and_what_leads_away_is_not(files: Client, workspace: Path) -> None:
    (workspace / ".git").mkdir()
    (workspace / ".git" / "config").write_text("[core]")
    (workspace / "empty").mkdir()
    (workspace / "out").symlink_to("../secret.txt")
    (workspace / "in").symlink_to("README.md")
    (workspace / "around").symlink_to("src")
    os.mkfifo(workspace / "pipe")

    archive = await fetched(files)

    assert archive.testzip() is None
    assert archive.namelist() == ["README.md", "empty/", "src/deep/leaf.txt", "src/main.py"]
    assert archive.read("src/main.py") == (workspace / "src/main.py").read_bytes()


async def test_odd_names_stay_inside_where_the_archive_is_opened(files: Client, workspace: Path) -> None:
    for name in ("..\\..\\evil.txt", "C:evil", 'quo"te\n'):
        (workspace / "src" / "deep" / name).write_text("x")

    names = (await fetched(files, "?path=src/deep")).namelist()

    assert "leaf.txt" in names
    assert len(names) == 4
    assert not any("\\" in name or ":" in name or (name.startswith(("/", "..")) and "/" in name) for name in names)


async def test_modes_times_and_the_name_of_the_archive(files: Client, workspace: Path) -> None:
    script = workspace / "src" / "main.py"
    script.chmod(0o755)
    os.utime(script, (0, 0))

    async with files.request("GET", "/files/archive?path=src") as response:
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''src.zip"
        archive = zipfile.ZipFile(io.BytesIO(await response.read()))

    info = archive.getinfo("main.py")
    assert info.external_attr >> 16 & 0o777 == 0o755
    assert info.date_time[0] == 1980


async def test_only_folders_have_archives(files: Client) -> None:
    await files.json("GET", "/files/archive?path=README.md", 409)
    await files.json("GET", "/files/archive?path=absent", 404)


def test_an_archive_that_is_cut_short_says_so(workspace: Path) -> None:
    beneath = Beneath(workspace)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces(beneath, b"", most=2))))
    beneath.close()

    assert archive.namelist() == ["README.md", "src/deep/leaf.txt", "INCOMPLETE.txt"]


def test_it_is_sent_while_it_is_made(workspace: Path) -> None:
    (workspace / "big.bin").write_bytes(os.urandom(8 << 20))
    beneath = Beneath(workspace)

    sizes = [len(piece) for piece in pieces(beneath, b"")]

    beneath.close()
    assert len(sizes) > 20
    assert max(sizes) < 1 << 20
