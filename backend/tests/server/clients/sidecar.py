"""A stand-in for a pod: the real shell and guard of the sidecars around whatever routes a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from opm.server.clients.base import PodAddress
from opm.sidecar.app import shell
from opm.sidecar.settings import PodSettings
from opm.wire.passes import PassPart
from tests.sidecar.support import served, settings


@asynccontextmanager
async def _nothing(_: Starlette) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def a_pod(part: PassPart, *routes: BaseRoute) -> AsyncIterator[PodAddress]:
    about = settings(part, Path("/"))
    async with served(shell(about, routes, _nothing)) as url:
        yield address_of(about, url)


def address_of(about: PodSettings, url: str) -> PodAddress:
    return PodAddress(about.project_id, files_url=url, session_url=url, pass_key=about.pass_key)
