"""A PostgreSQL that is set up as that of a deployment is, with the programs that come with it."""

import asyncio
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.absent import missing
from tests.deploy.rendering import DEPLOY
from tests.postgres import find_binaries, private_cluster

INIT = DEPLOY / "kustomize" / "components" / "postgres" / "10-opm.sql"


@dataclass(frozen=True)
class Said:
    status: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Server:
    """`superuser` is a connection to the database `postgres`."""

    binaries: Path
    port: int
    superuser: asyncpg.Connection

    async def call(self, *words: str, given: bytes = b"", **environment: str) -> Said:
        """One of PostgreSQL's own programs, as somebody in its container would."""
        known = {"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        program = await asyncio.create_subprocess_exec(
            *(self.binaries / words[0], *words[1:]), env=known | environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        out, err = await program.communicate(given)
        return Said(program.returncode or 0, out, err.decode())

    async def set_up(self, password: str) -> Said:
        """As PostgreSQL's image runs a script."""
        return await self.call("psql", "-X", "-q", "-U", "postgres", "-f", f"{INIT}", OPM_PASSWORD=password)

    @property
    def address(self) -> str:
        """The product's own."""
        return f"postgresql+asyncpg://opm@127.0.0.1:{self.port}/opm"


async def first_connection(address: str) -> asyncpg.Connection:
    """The port is open a moment before the server takes anybody in."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncpg.connect(address)
            except asyncpg.CannotConnectNowError:
                await asyncio.sleep(0.1)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """One test's own; its first account is called as ours will be, and so gives the name up."""
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL", "it is not installed (apt install postgresql)")
    with private_cluster(binaries) as url:
        address = make_url(url).set(drivername="postgresql")
        first = await first_connection(address.render_as_string())
        await first.execute("CREATE ROLE postgres SUPERUSER LOGIN")
        await first.close()
        superuser = await asyncpg.connect(address.set(username="postgres").render_as_string())
        try:
            await superuser.execute("ALTER ROLE opm RENAME TO first")
            yield Server(binaries, address.port or 0, superuser)
        finally:
            await superuser.close()
