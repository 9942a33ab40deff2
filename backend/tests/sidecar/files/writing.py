"""What tests of changes ask and see."""

from pathlib import Path
from typing import Any

from tests.sidecar.support import Client


async def etag(files: Client, path: str) -> str:
    async with files.request("GET", f"/files/content?path={path}") as response:
        assert response.status == 200
        return response.headers["ETag"]


async def write(files: Client, expect: int = 200, **wish: Any) -> Any:
    return await files.json("POST", "/files/write", expect, json={"content": "new", **wish})


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def leftovers(workspace: Path) -> list[str]:
    drafts = workspace / ".opm-drafts"
    ours = [name for name in names(workspace) if name.startswith(".opm-") and name != drafts.name]
    return ours + (names(drafts) if drafts.exists() else [])
