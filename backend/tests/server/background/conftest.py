"""Everything about the loops is tested on a loop whose time runs fast."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from opm.server.db.engine import Database
from tests.server.background.stage import HastyLoop, Stage, staged


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"hasty": HastyLoop}


@pytest.fixture
async def stage(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(sqlite_database, tmp_path) as set_up:
        yield set_up
