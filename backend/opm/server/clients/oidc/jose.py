"""Signed tokens of others: bounded, unambiguous JSON under an allowed signature, or refused.

Everything that the header could offer to take a key from (`jku`, `x5u`, `jwk`, `x5c`) is left alone: keys come from the
provider's published set only.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.util import urlsafe_b64decode

LARGEST_TOKEN = 16 << 10
_DEEPEST = 20
_LARGEST_HEADER = 2 << 10


class BadToken(Exception):
    """What is wrong with it, for the log; callers of the product are told less."""


@dataclass(frozen=True, slots=True)
class Token:
    header: dict[str, Any]
    claims: dict[str, Any]


def key_id(token: str) -> str | None:
    """As the header says; to choose a key by, before anything is believed."""
    return _header(token).get("kid")


def read(token: str, keys: KeySet, algorithms: Collection[str]) -> Token:
    """The token once its signature has been checked."""
    header = _header(token)
    if "crit" in header:
        raise BadToken("it has critical extensions")
    if header.get("alg") not in algorithms:
        raise BadToken("its signature is of a kind that is not accepted")
    registry = jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    registry.max_header_length = _LARGEST_HEADER
    try:
        found = jws.deserialize_compact(token, keys, algorithms=list(algorithms), registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as exc:
        raise BadToken(f"its signature is not good ({type(exc).__name__})") from exc
    return Token(header, parse_object(found.payload))


def _header(token: str) -> dict[str, Any]:
    if len(token) > LARGEST_TOKEN or not token.isascii():
        raise BadToken("it is too large or no token at all")
    try:
        return parse_object(urlsafe_b64decode(token.partition(".")[0].encode()))
    except (ValueError, TypeError) as exc:
        raise BadToken("it is no signed token") from exc


def parse_object(text: bytes) -> dict[str, Any]:
    """Readers that differ on repeated members or on depth would each see another token."""
    try:
        found: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise BadToken("it holds no sound JSON") from exc
    if not isinstance(found, dict):
        raise BadToken("it holds no object")
    whole = cast("dict[str, Any]", found)
    _require_shallow(whole)
    return whole


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _require_shallow(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise BadToken("it is nested too deeply")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
