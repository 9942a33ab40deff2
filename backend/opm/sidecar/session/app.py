"""Puts the session sidecar together."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware

from opm.sidecar.app import shell
from opm.sidecar.session.fences import Fences
from opm.sidecar.session.routes import routes
from opm.sidecar.session.shells import Shells
from opm.sidecar.session.upstream import OpenCode
from opm.sidecar.settings import PodSettings


def create(settings: PodSettings, closing: asyncio.Event) -> Starlette:
    """``closing`` is set when the process is asked to end, and ends every open stream."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, Any]]:
        workspace = str(settings.workspace)
        async with OpenCode(settings.opencode_url, settings.opencode_password, workspace) as opencode:
            shells = Shells(settings.workspace, os.environ)
            ending = asyncio.create_task(shells.end_idle())
            try:
                yield {"opencode": opencode, "workspace": workspace, "closing": closing, "shells": shells}
            finally:
                ending.cancel()
                await shells.end_all()

    return shell(settings, routes(), lifespan, Middleware(Fences))
