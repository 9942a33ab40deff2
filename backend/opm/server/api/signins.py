"""Who is signed in, asked with every request: access tokens are verified once, sign-ins are looked up.

With the embedded database one process answers, so what it has seen a moment ago still holds unless the command line
ended a sign-in: it remembers for two seconds. With several controllers every request looks. A sign-in through a
provider that was not checked for a while is checked with it first.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from starlette.requests import HTTPConnection

from opm.server.core.errors import Unauthorized, Unavailable
from opm.server.core.tokens import AccessClaims, AccessTokens, Scope
from opm.server.features.users.oidc import Check
from opm.server.features.users.schemas import Living
from opm.server.features.users.tokens import PREFIX
from opm.server.wiring import Ports

log = structlog.get_logger(__name__)

NOT_SIGNED_IN = "You are not signed in."
MEMORY = timedelta(seconds=2)
SEEN = timedelta(minutes=5)
_REMEMBERED = 2048


class SignIns:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.tokens = AccessTokens(lambda: ports.cipher.derive_all("jwt-access"))
        self._live: dict[UUID, tuple[UUID, datetime]] = {}
        self._memory = MEMORY if ports.settings.embedded_database else timedelta()
        self._checks: dict[UUID, asyncio.Task[bool]] = {}
        self._endings = 0
        self.ended = asyncio.Event()
        """Set when a sign-in may have ended here; whoever watches streams clears it."""

    @classmethod
    def of(cls, connection: HTTPConnection) -> "SignIns":
        """The one of this application, made with its first request."""
        state = connection.app.state
        if not hasattr(state, "sign_ins"):
            state.sign_ins = cls(state.ports)
        return state.sign_ins

    async def require(self, token: str) -> AccessClaims:
        if not token:
            raise Unauthorized(NOT_SIGNED_IN)
        now = self._ports.clock.now()
        claims = await self._personal(token) if token.startswith(PREFIX) else self.tokens.verify(token, now)
        user_id, until = self._live.get(claims.auth_session, (claims.user_id, now))
        if until <= now or user_id != claims.user_id:
            await self._look_up(claims, now)
        return claims

    async def _personal(self, raw: str) -> AccessClaims:
        async with self._ports.scope(write=False) as scope:
            found = await scope.personal_tokens.find(raw)
        if found is None:
            raise Unauthorized("The access token is not valid.")
        row, user = found
        scope_of = Scope(row.scope)
        return AccessClaims(user.id, user.email, user.name, row.id, row.expires_at, scope_of, personal=True)

    async def _look_up(self, claims: AccessClaims, now: datetime) -> None:
        endings, family = self._endings, claims.auth_session
        living = (await self.living([family])).get(family)
        if living is None or living.user_id != claims.user_id:
            raise Unauthorized(NOT_SIGNED_IN)
        if living.last_seen_at is None or now - living.last_seen_at > SEEN:
            async with self._ports.scope() as scope:
                await scope.users.seen(family)
        if endings != self._endings or not self._memory:
            return  # a sign-in ended while this was read: do not remember what may be old
        if len(self._live) >= _REMEMBERED:
            self._live.clear()
        self._live[family] = (living.user_id, now + self._memory)

    async def living(self, families: list[UUID]) -> dict[UUID, Living]:
        """Those of these that may go on, after the provider was asked about the ones that were not for a while."""
        async with self._ports.scope(write=False) as scope:
            found = await scope.users.living(families)
        for family, living in list(found.items()):
            if self._is_due(living) and not await self._check(family):
                del found[family]
        for family in set(families) - set(found):
            self._live.pop(family, None)
        return found

    def _is_due(self, living: Living) -> bool:
        if self._ports.identity is None or not living.refreshable:
            return False
        recheck = self._ports.settings.oidc.recheck
        return living.checked_at is None or self._ports.clock.now() - living.checked_at > recheck

    async def _check(self, family: UUID) -> bool:
        """One question to the provider for all that wait for its answer here."""
        task = self._checks.get(family)
        if task is None:
            task = self._checks[family] = asyncio.ensure_future(self._ask_provider(family))
            task.add_done_callback(lambda _: self._checks.pop(family, None))
        return await asyncio.shield(task)

    async def _ask_provider(self, family: UUID) -> bool:
        async with self._ports.scope() as scope:
            check = await scope.oidc.take_turn(family)
        return check is None or self._ports.identity is None or await self._renew(check)

    async def _renew(self, check: Check) -> bool:
        assert self._ports.identity is not None  # noqa: S101  looked at by the caller
        try:
            grant = await self._ports.identity.renew(check.refresh_token, check.subject)
        except Unauthorized:
            async with self._ports.scope() as scope:
                ended = await scope.oidc.not_welcome(check)
            if ended:
                self.forget()
            return not ended
        except Unavailable as fault:
            log.warning("a sign-in could not be checked with the identity provider", error=fault.message)
            async with self._ports.scope() as scope:
                await scope.oidc.try_again(check)
            return True
        async with self._ports.scope() as scope:
            await scope.oidc.still_welcome(check, grant)
        return True

    def forget(self) -> None:
        """Some sign-in has ended."""
        self._endings += 1
        self._live.clear()
        self.ended.set()
