"""A workspace beside a secret that no path may reach, and the files sidecar in front of it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from opm.sidecar.files.app import create
from tests.sidecar.support import Client, client_of, settings


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("SECRET")
    inside = tmp_path / "workspace"
    (inside / "src" / "deep").mkdir(parents=True)
    (inside / "src" / "main.py").write_text("print('hello')\n")
    (inside / "src" / "deep" / "leaf.txt").write_text("leaf")
    (inside / "README.md").write_text("# Read me\n")
    return inside


@pytest.fixture
async def files(workspace: Path) -> AsyncGenerator[Client]:
    pod = settings("files", workspace)
    async with client_of(create(pod), pod) as client:
        yield client
