"""Access tokens: who is signed in, signed by us (JWT, HS256), under a key and a type of their own.

What has been verified is remembered by its hash; whether it has ended, and whether the sign-in still lives, is
asked anew each time.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from opm.server.core.errors import Internal, Unauthorized
from opm.server.core.ids import new_id

_ALGORITHM = "HS256"
_TYPE = "opm-access+jwt"
_AUDIENCE = "opm"
_KEY_BYTES = 32
_LONGEST = 16 * 1024
_REMEMBERED = 2048

Keys = Callable[[], Mapping[str, bytes]]
"""By their ids, the newest first; asked again when an unknown one is named."""


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """`auth_session` names the sign-in, which may be ended before the token is."""

    user_id: UUID
    email: str | None
    name: str
    auth_session: UUID
    expires_at: datetime
    scope: Scope = Scope.WRITE
    personal: bool = False
    """Shown by a personal access token, not by a person at a browser."""


class AccessTokens:
    """Signs with the newest key and takes every key of the ring, so that a rotation signs nobody out."""

    def __init__(self, keys: Keys) -> None:
        self._read_keys = keys
        self._keys: dict[str, OctKey] = {}
        self._look_again()
        self._verified: dict[bytes, AccessClaims] = {}

    def _look_again(self) -> None:
        keys = self._read_keys()
        if not keys or any(len(key) < _KEY_BYTES for key in keys.values()):
            raise Internal(f"The keys of access tokens have to have at least {_KEY_BYTES} bytes.")
        self._keys = {name: OctKey.import_key(key) for name, key in keys.items()}

    def issue(self, claims: AccessClaims, now: datetime) -> str:
        self._look_again()
        name, key = next(iter(self._keys.items()))
        body = {
            "aud": _AUDIENCE,
            "sub": str(claims.user_id),
            "email": claims.email,
            "name": claims.name,
            "iat": int(now.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": str(new_id()),
            "sid": str(claims.auth_session),
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE, "kid": name}, body, key, algorithms=[_ALGORITHM])

    def verify(self, token: str, now: datetime) -> AccessClaims:
        """Refuses whatever is not ours, whole and in time, without saying why."""
        if len(token) > _LONGEST or not token.isascii():
            raise Unauthorized("The access token is not valid; sign in again.")
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._read(token)
            self._remember(digest, claims)
        if claims.expires_at <= now:
            raise Unauthorized("The sign-in has to be renewed.", reason="expired")
        return claims

    def _read(self, token: str) -> AccessClaims:
        try:
            return _claims(jwt.decode(token, self._key_of, algorithms=[_ALGORITHM]))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as exc:
            raise Unauthorized("The access token is not valid; sign in again.") from exc

    def _key_of(self, signed: GuestProtocol) -> OctKey:
        """The key that the header names; nothing else of it is believed before the signature is checked."""
        name = signed.headers()["kid"]
        if name not in self._keys:
            self._look_again()
        return self._keys[name]

    def _remember(self, digest: bytes, claims: AccessClaims) -> None:
        if len(self._verified) >= _REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = claims


def _claims(token: jwt.Token) -> AccessClaims:
    body: dict[str, Any] = token.claims
    if set(token.header) != {"alg", "typ", "kid"} or token.header["typ"] != _TYPE or body["aud"] != _AUDIENCE:
        raise ValueError("made for another use")
    return AccessClaims(
        user_id=UUID(body["sub"]),
        email=body["email"],
        name=body["name"],
        auth_session=UUID(body["sid"]),
        expires_at=datetime.fromtimestamp(body["exp"], UTC),
    )
