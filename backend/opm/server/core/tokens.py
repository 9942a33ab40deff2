"""Access tokens: who is signed in, signed by us (JWT, HS256), under a key and a type of their own.

What has been verified is remembered by its hash; whether it has ended, and whether the sign-in still lives, is
asked anew each time.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from opm.server.core.errors import Internal, Unauthorized

_ALGORITHM = "HS256"
_HEADER = {"alg": _ALGORITHM, "typ": "opm-access+jwt"}
_AUDIENCE = "opm"
_KEY_BYTES = 32
_LONGEST = 16 * 1024
_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """`auth_session` names the sign-in, which may be ended before the token is."""

    user_id: UUID
    email: str | None
    name: str
    auth_session: UUID
    expires_at: datetime


class AccessTokens:
    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise Internal(f"The key of access tokens has to have at least {_KEY_BYTES} bytes.")
        self._key = OctKey.import_key(key)
        self._verified: dict[bytes, AccessClaims] = {}

    def issue(self, claims: AccessClaims, now: datetime) -> str:
        body = {
            "aud": _AUDIENCE,
            "sub": str(claims.user_id),
            "email": claims.email,
            "name": claims.name,
            "iat": int(now.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": str(claims.auth_session),
        }
        return jwt.encode(_HEADER, body, self._key, algorithms=[_ALGORITHM])

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
            return _claims(jwt.decode(token, self._key, algorithms=[_ALGORITHM]))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as exc:
            raise Unauthorized("The access token is not valid; sign in again.") from exc

    def _remember(self, digest: bytes, claims: AccessClaims) -> None:
        if len(self._verified) >= _REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = claims


def _claims(token: jwt.Token) -> AccessClaims:
    body: dict[str, Any] = token.claims
    if token.header != _HEADER or body["aud"] != _AUDIENCE:
        raise ValueError("made for another use")
    return AccessClaims(
        user_id=UUID(body["sub"]),
        email=body["email"],
        name=body["name"],
        auth_session=UUID(body["jti"]),
        expires_at=datetime.fromtimestamp(body["exp"], UTC),
    )
