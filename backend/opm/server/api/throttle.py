"""Where a request is counted: for the person once that is known, for the address of everybody else.

Not counted are the probes and the files of the front end: they ask nothing of the database. Once in a request is
enough, however many of its parts ask who the caller is.
"""

import functools
import math
from collections.abc import Awaitable, Callable

from starlette.requests import HTTPConnection

from opm.server.api.households import house_of
from opm.server.core.errors import TooMany, Unauthorized
from opm.server.core.rates import Rate
from opm.server.core.tokens import AccessClaims
from opm.server.wiring import Ports

Identify = Callable[[HTTPConnection, Ports], Awaitable[AccessClaims]]

_COUNTED = "opm.counted"


def counted(identify: Identify) -> Identify:
    """Of what says who is asking: counts for that person, or for the address when it cannot say."""

    @functools.wraps(identify)
    async def counting(connection: HTTPConnection, ports: Ports) -> AccessClaims:
        try:
            claims = await identify(connection, ports)
        except Unauthorized:
            await by_address(connection, ports)
            raise
        await _count(connection, ports, Rate.USER, str(claims.user_id))
        return claims

    return counting


async def by_address(connection: HTTPConnection, ports: Ports) -> None:
    """For a request that anybody may make."""
    await _count(connection, ports, Rate.ADDRESS, address_of(connection))


async def sign_in(connection: HTTPConnection, ports: Ports, purpose: str, secret: str) -> None:
    """For what makes or renews a sign-in: the address, and the account whose secret is shown, if it is one's."""
    await sign_in_from(connection, ports)
    if not secret:
        return
    async with ports.scope(write=False) as scope:
        account = await scope.users.holder(purpose, secret)
    if account is not None:
        await sign_in_of(ports, str(account))


async def sign_in_from(connection: HTTPConnection, ports: Ports) -> None:
    """As `sign_in`, while nothing is known but where the request came from."""
    await _hit(ports, Rate.SIGN_IN, f"from {address_of(connection)}")


async def sign_in_of(ports: Ports, account: str) -> None:
    """As `sign_in`, once somebody else has said whose account it is."""
    await _hit(ports, Rate.SIGN_IN, f"of {account}")


def address_of(connection: HTTPConnection) -> str:
    """Of the caller, as the server sees it: what trusted proxies say has been taken into account there."""
    return house_of(connection.client.host) if connection.client else "unknown"


async def _count(connection: HTTPConnection, ports: Ports, rate: Rate, who: str) -> None:
    if _COUNTED not in connection.scope:
        connection.scope[_COUNTED] = True
        await _hit(ports, rate, who)


async def _hit(ports: Ports, rate: Rate, who: str) -> None:
    wait = await ports.limiter.hit(rate, who)
    if wait is not None:
        seconds = max(1, math.ceil(wait))
        raise TooMany(
            f"Too many requests; try again in {seconds} second{'' if seconds == 1 else 's'}.",
            reason="rate_limited",
            retry_after=seconds,
        )
