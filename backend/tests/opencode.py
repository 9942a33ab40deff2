"""The real OpenCode for tests: found where one is named, else installed once for all test runs of this checkout."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from opm.server.core.errors import RuntimeFault
from opm.server.core.settings import Settings
from opm.server.runtime.opencode import ensure_binary, installed_path, is_intact

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "opencode"


@cache
def opencode_binary() -> Path:
    """Fails where tests are what is being waited for (CI=true); elsewhere says loudly what was not tested."""
    try:
        # A thread of its own, because the caller may be inside an event loop.
        with ThreadPoolExecutor(1) as worker:
            return worker.submit(asyncio.run, _find()).result()
    except RuntimeFault as fault:
        reason = f"NOT TESTED against the real OpenCode: {fault.message}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


async def _find() -> Path:
    named = os.environ.get("OPM_OPENCODE__BINARY")
    if named:
        return await ensure_binary(CACHE, override=Path(named))
    set_up = installed_path(Settings().data_dir / "opencode")
    return set_up if is_intact(set_up) else await ensure_binary(CACHE)
