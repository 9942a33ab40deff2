"""Files on their way in are not shown, and do not stay when nobody finishes them."""

import io
import zipfile
from pathlib import Path

from opm.sidecar.files.app import create
from tests.sidecar.files.writing import names, write
from tests.sidecar.support import client_of, settings


async def test_what_a_killed_sidecar_left_is_gone_with_the_next_and_never_shown(workspace: Path) -> None:
    drafts, kept = workspace / ".opm-drafts", workspace / "kept"
    drafts.mkdir()
    (drafts / "left-behind").write_text("needle")
    (workspace / "src" / ".opm-0123.tmp").write_text("needle")
    pod = settings("files", workspace)
    async with client_of(create(pod), pod) as files:
        assert names(drafts) == []
        (drafts / "on-its-way").write_text("needle")
        tree = await files.json("GET", "/files/tree?max_depth=3")
        assert "opm" not in str(tree)
        assert (await files.json("GET", "/files/search?query=needle"))["hits"] == []
        async with files.request("GET", "/files/archive") as response:
            archived = zipfile.ZipFile(io.BytesIO(await response.read())).namelist()
        assert sorted(archived) == ["README.md", "src/deep/leaf.txt", "src/main.py"]

    (drafts / "on-its-way").unlink()
    drafts.rmdir()
    kept.mkdir()
    (kept / "file").touch()
    drafts.symlink_to("kept")
    async with client_of(create(pod), pod) as files:
        assert (kept / "file").exists(), "it is ours only if it is no link"
        await files.refused("POST", "/files/write", 409, json={"path": "x", "content": "x"})
        drafts.unlink()
        await write(files, 201, path="x")
