"""Puts the files sidecar together."""

import asyncio
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from opm.sidecar.app import shell
from opm.sidecar.files import drafts
from opm.sidecar.files.beneath import Beneath
from opm.sidecar.files.change import Changes, WriteSome
from opm.sidecar.files.routes import FilesApi
from opm.sidecar.settings import PodSettings

CONCURRENT = 16
"""So many things happen on the disk at once; the others wait their turn."""


def create(settings: PodSettings, closing: asyncio.Event | None = None, write: WriteSome = os.write) -> Starlette:
    """Opens the workspace at once, so that a machine that cannot keep us inside it is found before serving.

    ``closing`` is set when the process is asked to end, and ends every open stream.
    """
    beneath = Beneath(settings.workspace)
    drafts.sweep(beneath)
    pool = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="files")
    api = FilesApi(beneath, Changes(beneath, write), pool, closing or asyncio.Event())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await api.close()
        pool.shutdown()
        beneath.close()

    return shell(settings, api.routes(), lifespan)
