"""Who is signed in, asked with every request: tokens are verified once, sign-ins are looked up every other second.

The look-up would cost more than most handlers. What ends a sign-in in this process empties the memory at once; what
ends it in another is noticed when the memory of it runs out.
"""

from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import HTTPConnection

from opm.server.core.errors import Unauthorized
from opm.server.core.tokens import AccessClaims, AccessTokens
from opm.server.wiring import Ports

NOT_SIGNED_IN = "You are not signed in; open a launch address (`opm launch-url` prints one)."
MEMORY = timedelta(seconds=2)
_REMEMBERED = 2048


class SignIns:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.tokens = AccessTokens(ports.cipher.derive("jwt-access"))
        self._live: dict[tuple[UUID, UUID], datetime] = {}
        self._endings = 0

    @classmethod
    def of(cls, connection: HTTPConnection, ports: Ports) -> "SignIns":
        """The one of this application, made with its first request."""
        state = connection.app.state
        if not hasattr(state, "sign_ins"):
            state.sign_ins = cls(ports)
        return state.sign_ins

    async def require(self, token: str) -> AccessClaims:
        if not token:
            raise Unauthorized(NOT_SIGNED_IN)
        now = self._ports.clock.now()
        claims = self.tokens.verify(token, now)
        who = (claims.user_id, claims.auth_session)
        if self._live.get(who, now) <= now:
            await self._look_up(who, now)
        return claims

    async def _look_up(self, who: tuple[UUID, UUID], now: datetime) -> None:
        endings = self._endings
        async with self._ports.scope(write=False) as scope:
            live = await scope.users.is_live(*who)
        if not live:
            raise Unauthorized(NOT_SIGNED_IN)
        if endings != self._endings:
            return  # a sign-in ended while this was read: do not remember what may be old
        if len(self._live) >= _REMEMBERED:
            self._live.clear()
        self._live[who] = now + MEMORY

    def forget(self) -> None:
        """Some sign-in has ended."""
        self._endings += 1
        self._live.clear()
