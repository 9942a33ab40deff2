"""What was committed, read without anything that the repository could make git do."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.sidecar.support import Client


def git(workspace: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(workspace)}
    subprocess.run(["git", *identity, *arguments], cwd=workspace, check=True, env=environment, capture_output=True)


@pytest.fixture
def committed(workspace: Path) -> Path:
    git(workspace, "init", "-q")
    (workspace / "bytes").write_bytes(bytes(range(256)))
    git(workspace, "add", ".")
    git(workspace, "commit", "-qm", "first")
    return workspace


async def original(files: Client, path: str, expect: int = 200) -> bytes:
    async with files.request("GET", f"/files/original?path={path}") as response:
        assert response.status == expect, await response.text()
        return await response.read()


async def test_the_file_as_it_was_committed(files: Client, committed: Path) -> None:
    (committed / "bytes").write_bytes(b"changed")
    (committed / "src" / "main.py").unlink()

    assert await original(files, "bytes") == bytes(range(256))
    assert await original(files, "src/main.py") == b"print('hello')\n"


@pytest.mark.parametrize("path", ["absent", "src", "--help", "HEAD"])
async def test_what_was_not_committed(files: Client, committed: Path, path: str) -> None:
    (committed / "absent").write_text("new")
    await original(files, path, 404)


async def test_no_repository(files: Client, workspace: Path) -> None:
    git(workspace.parent, "init", "-q")

    await original(files, "README.md", 404)
    (workspace / ".git").symlink_to("../.git")
    await original(files, "README.md", 404)


async def test_the_repository_starts_no_program(files: Client, committed: Path) -> None:
    trap = committed / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {committed}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.x.textconv", "filter.x.smudge"):
        git(committed, "config", name, str(trap))
    git(committed, "config", "remote.origin.url", f"ext::{trap}")
    git(committed, "config", "remote.origin.promisor", "true")
    git(committed, "config", "extensions.partialClone", "origin")
    (committed / ".gitattributes").write_text("* filter=x diff=x\n")

    assert await original(files, "bytes") == bytes(range(256))
    await original(files, "elsewhere", 404)
    assert not (committed / "sprung").exists()
