"""What tokens of the provider have to say, beyond a good signature. Times are seconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from opm.server.clients.oidc.base import Identity, LogoutNotice
from opm.server.clients.oidc.jose import BadToken, Token

_LATEST_TIME = 1 << 40
_LONGEST_SUBJECT = 255
_LONGEST_NAME = 255
_LONGEST_EMAIL = 320
_LONGEST_PICTURE = 2000
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_OLDEST_LOGOUT = 600


@dataclass(frozen=True, slots=True)
class Rules:
    issuer: str
    client_id: str
    audiences: frozenset[str]
    """Further ones that a token may name."""
    leeway: int
    admin_claim: str | None = None


def check_id_token(token: Token, rules: Rules, nonce: str | None, now: float) -> None:
    """`nonce` is None for tokens of a renewal, which need not repeat it."""
    kind = token.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise BadToken("it is a token of another kind")
    claims = token.claims
    _check_source(claims, rules)
    if "azp" in claims and claims["azp"] != rules.client_id:
        raise BadToken("it was made for another client (azp)")
    if _time(claims, "exp") <= now - rules.leeway:
        raise BadToken("it has expired")
    if _time(claims, "iat") > now + rules.leeway:
        raise BadToken("it was made in the future; are the clocks right?")
    if "nbf" in claims and _time(claims, "nbf") > now + rules.leeway:
        raise BadToken("it is not valid yet")
    if nonce is not None and claims.get("nonce") != nonce:
        raise BadToken("it answers another sign-in (nonce)")
    _ = subject_of(claims)


def check_logout_token(token: Token, rules: Rules, now: float) -> LogoutNotice:
    kind = token.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in {"logout+jwt", "jwt"}:
        raise BadToken("it is a token of another kind")
    claims = token.claims
    _check_source(claims, rules)
    if not isinstance(_at(claims, "events", _LOGOUT_EVENT), dict):
        raise BadToken("it tells of no logout")
    if "nonce" in claims:
        raise BadToken("it has a nonce, as ID tokens have")
    issued = _time(claims, "iat")
    if not now - _OLDEST_LOGOUT <= issued <= now + rules.leeway:
        raise BadToken("it is too old, or of the future")
    if "exp" in claims and _time(claims, "exp") <= now - rules.leeway:
        raise BadToken("it has expired")
    session = claims.get("sid")
    if session is not None and (not isinstance(session, str) or not session):
        raise BadToken("its session has no name")
    if session is None and "sub" not in claims:
        raise BadToken("it names neither a person nor a session")
    subject = subject_of(claims) if "sub" in claims else None
    return LogoutNotice(rules.issuer, subject, session, datetime.fromtimestamp(issued, UTC))


def subject_of(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise BadToken("it does not say who it is about")
    return subject


def identity_of(claims: Mapping[str, Any], rules: Rules) -> Identity:
    """An address that the provider has not verified is nobody's, so it is not taken over."""
    email = _text(claims.get("email"), _LONGEST_EMAIL) if claims.get("email_verified") is not False else None
    subject = subject_of(claims)
    names = (claims.get("name"), claims.get("preferred_username"), email)
    picture = _text(claims.get("picture"), _LONGEST_PICTURE)
    return Identity(
        issuer=rules.issuer,
        subject=subject,
        name=next((name for name in (_text(value, _LONGEST_NAME) for value in names) if name), subject),
        email=email,
        picture_url=picture if picture and picture.startswith("https://") else None,
        is_admin=_has(claims, rules.admin_claim),
    )


def _check_source(claims: Mapping[str, Any], rules: Rules) -> None:
    if claims.get("iss") != rules.issuer:
        raise BadToken("it comes from another issuer")
    audiences = _listed(claims.get("aud"))
    if rules.client_id not in audiences:
        raise BadToken("it was not made for this client")
    if any(one != rules.client_id and one not in rules.audiences for one in audiences):
        raise BadToken("it was made for others, too, whom nobody named here")


def _time(claims: Mapping[str, Any], name: str) -> int:
    value: object = claims.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LATEST_TIME:
        raise BadToken(f"its {name} is no time")
    return value


def _text(value: object, longest: int) -> str | None:
    """What is there to be shown, without characters that databases and terminals stumble over."""
    if not isinstance(value, str):
        return None
    return "".join(char for char in value if char.isprintable()).strip()[:longest] or None


def _has(claims: Mapping[str, Any], wanted: str | None) -> bool:
    """`groups=admins`, `realm_access.roles=admin`: the value itself, or one of a list."""
    if wanted is None:
        return False
    path, _, value = wanted.partition("=")
    # some providers have names that hold dots themselves
    found = claims[path] if path in claims else _at(claims, *path.split("."))
    return value in _listed(found) or (found is True and value == "true")


def _at(claims: Mapping[str, Any], *path: str) -> object:
    found: object = claims
    for step in path:
        found = cast("Mapping[str, object]", found).get(step) if isinstance(found, Mapping) else None
    return found


def _listed(value: object) -> list[object]:
    """One, or a list of several."""
    if isinstance(value, str):
        return [value]
    return cast("list[object]", value) if isinstance(value, list) else []
