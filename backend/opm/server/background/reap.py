"""Takes away what has had its time: sign-ins that expired, cards deleted long ago, answers kept for a day."""

import asyncio

from opm.server.background.leadership import Lead

_INTERVAL = 3600


async def reap(lead: Lead) -> None:
    while True:
        async with lead.scope() as scope:
            await scope.users.forget_expired()
            await scope.repeats.forget_old()
        async with lead.scope() as scope:
            await scope.tasks.purge()
        await asyncio.sleep(_INTERVAL)
