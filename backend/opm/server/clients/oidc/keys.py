"""The provider's published keys: kept, and read again when a token names one that is not among them.

Whoever sends tokens with invented key ids must not make us ask the provider each time: once in `PAUSE` seconds is
enough for every honest rotation. A token that comes within the pause waits for its end, all of them for one answer.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from opm.server.clients.oidc.jose import BadToken
from opm.server.core.errors import Unavailable

PAUSE = 10.0
KEPT = 3600.0
MOST_WAITING = 50
_MOST_KEYS = 100
_PUBLIC_KINDS = frozenset({"RSA", "EC", "OKP"})

FetchKeys = Callable[[], Awaitable[dict[str, Any]]]
Sleep = Callable[[float], Awaitable[None]]


class PublishedKeys:
    def __init__(
        self, fetch: FetchKeys, clock: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep
        self._keys: KeySet | None = None
        self._read_at = -math.inf
        self._missed_at = -math.inf
        """When the provider was last asked because of a key that is not known."""
        self._waiting = 0
        self._turn = asyncio.Lock()

    async def for_token(self, kid: str | None) -> KeySet:
        """A set that has the key, if the provider publishes it; signatures are still to be checked."""
        if not self._has(kid) or self._is_old():
            came_at = self._clock()
            if not self._has(kid):
                await self._pause()
            async with self._turn:
                await self._read_again(kid, came_at)
        if self._keys is None or not self._has(kid):
            raise BadToken("it is signed with a key that the provider does not publish")
        return KeySet([key for key in self._keys.keys if kid is None or key.kid == kid])

    def _is_old(self) -> bool:
        return self._clock() - self._read_at > KEPT

    def _has(self, kid: str | None) -> bool:
        return self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys.keys))

    def _unanswered(self) -> bool:
        return self._read_at < self._missed_at

    async def _pause(self) -> None:
        """Until the provider may be asked for an unknown key again.

        Unavailable where too many wait for that, or it did not answer last time: then nothing is known of the token.
        """
        rest = self._missed_at + PAUSE - self._clock()
        if rest <= 0:
            return
        if self._unanswered() or self._waiting >= MOST_WAITING:
            raise Unavailable("The identity provider was asked for its keys just now; try again in a moment.")
        self._waiting += 1
        try:
            await self._sleep(rest)
        finally:
            self._waiting -= 1

    async def _read_again(self, kid: str | None, came_at: float) -> None:
        known = self._has(kid)
        if known and not self._is_old():
            return  # somebody else was first
        if not known and self._missed_at > came_at:  # and so for this one, too: what was read is newer than its token
            if self._unanswered():
                raise Unavailable("The identity provider did not tell its keys; try again in a moment.")
            return
        now = self._clock()
        if not known and self._keys is not None:  # the first look of all is for no key in particular
            self._missed_at = now
        try:
            self._keys = usable(await self._fetch())
            self._read_at = now
        except Unavailable:
            if not known:
                self._missed_at = now
                raise
            self._read_at = now - KEPT + PAUSE  # a known key serves until the provider answers again


def usable(published: dict[str, Any]) -> KeySet:
    """Public keys for signatures; a symmetric one in a public set could be used by everybody."""
    entries: object = published.get("keys")
    if not isinstance(entries, list):
        raise BadToken("the provider publishes no keys")
    keys = [key for entry in cast("list[object]", entries)[:_MOST_KEYS] if (key := _key(entry)) is not None]
    if not keys:
        raise BadToken("the provider publishes no keys that can be used")
    return KeySet(keys)


def _key(entry: object) -> Key | None:
    """None for one that is of no use here: one odd key must not take the good ones away."""
    if not isinstance(entry, dict):
        return None
    given = cast("dict[str, Any]", entry)
    if given.get("kty") not in _PUBLIC_KINDS or given.get("use", "sig") != "sig":
        return None
    try:
        return KeySet.import_key_set({"keys": [given]}).keys[0]
    except (JoseError, ValueError, TypeError, KeyError):
        return None
