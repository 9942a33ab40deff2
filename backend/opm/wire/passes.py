"""Short-lived signed passes: the controller shows one with every request it makes to a sidecar.

A pass is a JWT (HS256, ``typ`` = ``opm-pass+jwt``) under a key of that pod alone, bound to one project and
one part (``aud`` = ``<part>:<project id>``), to one method and path (``htm``, ``htu``), and dead after a
minute. The path is the percent-encoded one, exactly as it stands in the request line, without the query.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

PassPart = Literal["files", "session"]

MINIMUM_KEY_BYTES = 32
LIFETIME_SECONDS = 60
LEEWAY_SECONDS = 5
"""Two clocks may differ by this much; pods and controllers are assumed to keep time."""

_ALGORITHM = "HS256"
_TYPE = "opm-pass+jwt"
_MAXIMUM_TOKEN_CHARACTERS = 4_096


class InvalidPass(Exception):
    """The message names the failed check and never the token."""


@dataclass(frozen=True, slots=True)
class PassClaims:
    project_id: UUID
    part: PassPart
    method: str
    path: str
    jti: str
    issued_at: int
    expires_at: int


def issue(
    key: bytes,
    *,
    project_id: UUID,
    part: PassPart,
    method: str,
    path: str,
    ttl: int = LIFETIME_SECONDS,
    now: float | None = None,
) -> str:
    """Sign one pass for one request; show it as ``Authorization: Bearer <pass>`` and never twice."""
    if not 0 < ttl <= LIFETIME_SECONDS:
        raise ValueError(f"a pass lives 1 to {LIFETIME_SECONDS} seconds, not {ttl}")
    issued_at = int(time.time() if now is None else now)
    claims = {
        "aud": _audience(part, project_id),
        "htm": method.upper(),
        "htu": path,
        "iat": issued_at,
        "exp": issued_at + ttl,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE}, claims, _key(key), algorithms=[_ALGORITHM])


def verify(
    key: bytes,
    token: str,
    *,
    project_id: UUID,
    part: PassPart,
    method: str,
    path: str,
    now: float | None = None,
) -> PassClaims:
    """Raise `InvalidPass` unless this is a live pass for exactly this request. Replays are the guard's."""
    claims = _decode(key, token)
    issued_at, expires_at = _whole(claims, "iat"), _whole(claims, "exp")
    jti = claims.get("jti")
    moment = time.time() if now is None else now
    _require(claims.get("aud") == _audience(part, project_id), "it is for another project or part")
    _require(claims.get("htm") == method.upper(), "it is for another method")
    _require(claims.get("htu") == path, "it is for another path")
    _require(0 < expires_at - issued_at <= LIFETIME_SECONDS, "it lives too long")
    _require(moment < expires_at + LEEWAY_SECONDS, "it has expired")
    _require(issued_at <= moment + LEEWAY_SECONDS, "it was issued in the future")
    if not isinstance(jti, str) or not 16 <= len(jti) <= 64:
        raise InvalidPass("the pass was refused: it has no proper jti")
    return PassClaims(project_id, part, method.upper(), path, jti, issued_at, expires_at)


def _decode(key: bytes, token: str) -> dict[str, Any]:
    _require(len(token) <= _MAXIMUM_TOKEN_CHARACTERS, "it is too long")
    try:
        decoded = jwt.decode(token, _key(key), algorithms=[_ALGORITHM])
    except (JoseError, ValueError, TypeError, RecursionError) as exc:
        raise InvalidPass("the pass was refused: it is malformed or signed with another key") from exc
    # Exactly these two: no kid, jku, crit or the like has a meaning here.
    _require(decoded.header == {"alg": _ALGORITHM, "typ": _TYPE}, "its header is not that of a pass")
    return decoded.claims


def _key(key: bytes) -> OctKey:
    if len(key) < MINIMUM_KEY_BYTES:
        raise ValueError(f"a pass key has at least {MINIMUM_KEY_BYTES} bytes")
    return OctKey.import_key(key)


def _audience(part: str, project_id: UUID) -> str:
    return f"{part}:{project_id}"


def _whole(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidPass(f"the pass was refused: {name} is not a whole number")
    return value


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidPass(f"the pass was refused: {reason}")
