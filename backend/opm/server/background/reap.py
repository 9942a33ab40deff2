"""Takes away what has had its time: sign-ins that expired, cards deleted long ago, answers kept for a day."""

import asyncio

from opm.server.wiring import Ports

_INTERVAL = 3600


async def reap(ports: Ports) -> None:
    while True:
        async with ports.scope() as scope:
            await scope.users.forget_expired()
            await scope.repeats.forget_old()
        async with ports.scope() as scope:
            await scope.tasks.purge()
        await asyncio.sleep(_INTERVAL)
