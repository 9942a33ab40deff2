"""Access tokens: ours, whole and in time, or refused; never an error of another kind."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from joserfc.jws import extract_compact

from opm.server.core.errors import Internal, Unauthorized
from opm.server.core.tokens import AccessClaims, AccessTokens

KEY = b"k" * 32
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLAIMS = AccessClaims(uuid4(), "ada@example.org", "Ada", uuid4(), NOW + timedelta(hours=1))
GOOD_HEADER = {"alg": "HS256", "typ": "opm-access+jwt", "kid": "new"}


def keys() -> dict[str, bytes]:
    return {"new": KEY, "old": b"o" * 32}


def body(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "aud": "opm",
        "sub": str(CLAIMS.user_id),
        "email": None,
        "name": "Ada",
        "iat": 1,
        "exp": int(CLAIMS.expires_at.timestamp()),
        "jti": "1",
        "sid": str(CLAIMS.auth_session),
    }
    return {name: value for name, value in (whole | changes).items() if value != "absent"}


def signed(header: dict[str, str] = GOOD_HEADER, key: bytes = KEY, **changes: object) -> str:
    return jwt.encode(header, body(**changes), OctKey.import_key(key), algorithms=["HS256", "HS512"])


def test_what_was_issued_is_read_back_by_another_process() -> None:
    token = AccessTokens(keys).issue(CLAIMS, NOW)
    assert AccessTokens(keys).verify(token, NOW) == CLAIMS


def test_a_remembered_token_still_ends() -> None:
    tokens = AccessTokens(keys)
    token = tokens.issue(CLAIMS, NOW)
    assert tokens.verify(token, NOW + timedelta(minutes=59)) == CLAIMS
    with pytest.raises(Unauthorized) as caught:
        tokens.verify(token, NOW + timedelta(hours=1))
    assert caught.value.details == {"reason": "expired"}


def test_the_good_one_of_these_tests_is_good() -> None:
    assert AccessTokens(keys).verify(signed(), NOW).name == "Ada"


def none_signed() -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, body())]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize(
    "token",
    [
        signed(key=b"x" * 32),
        signed(GOOD_HEADER | {"typ": "opm-pass+jwt"}),
        signed({"alg": "HS256"}),
        signed({"alg": "HS256", "typ": "opm-access+jwt"}),
        signed(GOOD_HEADER | {"alg": "HS512"}),
        signed(GOOD_HEADER | {"kid": "1"}),
        signed(GOOD_HEADER | {"kid": "old"}),
        signed(GOOD_HEADER | {"jku": "https://example.org"}),
        signed(aud="other"),
        signed(aud=["opm"]),
        signed(aud="absent"),
        signed(sub="nobody"),
        signed(sub=7),
        signed(sid="absent"),
        signed(exp="soon"),
        signed(exp="absent"),
        signed(exp=1e308),
        signed(exp=None),
        none_signed(),
        "",
        "a.b.c",
        "\ud800.a.b",
        "x" * 20_000,
    ],
)
def test_everything_else_is_refused(token: str) -> None:
    with pytest.raises(Unauthorized):
        AccessTokens(keys).verify(token, NOW)


@given(st.text(max_size=200), st.integers(0, 300), st.binary(max_size=3))
def test_no_text_is_more_than_refused(text: str, place: int, noise: bytes) -> None:
    token = signed()
    changed = token[:place] + noise.decode("latin-1") + token[place + len(noise) :]
    for wrong in (text, changed):
        if wrong == token:
            continue
        try:
            read = AccessTokens(keys).verify(wrong, NOW)
        except Unauthorized:
            continue
        # base64 has more than one spelling of its last character, and only that
        assert read == AccessTokens(keys).verify(token, NOW)


def test_what_is_remembered_is_bounded() -> None:
    tokens = AccessTokens(keys)
    for number in range(2100):
        tokens.verify(tokens.issue(CLAIMS, NOW + timedelta(seconds=number)), NOW)
    assert len(vars(tokens)["_verified"]) == 2048


def test_a_key_that_is_too_short_is_no_key() -> None:
    with pytest.raises(Internal):
        AccessTokens(lambda: {"a": b"short"})


def test_tokens_outlive_a_rotation_and_are_then_signed_with_the_new_key() -> None:
    ring = {"first": KEY}
    tokens = AccessTokens(lambda: ring)
    before = tokens.issue(CLAIMS, NOW)
    ring = {"second": b"s" * 32, "first": KEY}
    after = tokens.issue(CLAIMS, NOW)
    assert (extract_compact(before.encode()).headers()["kid"], extract_compact(after.encode()).headers()["kid"]) == (
        "first",
        "second",
    )
    for token in (before, after):
        assert AccessTokens(lambda: ring).verify(token, NOW) == CLAIMS
    with pytest.raises(Unauthorized):
        AccessTokens(lambda: {"second": b"s" * 32}).verify(before, NOW)


def test_a_key_that_came_meanwhile_is_looked_for() -> None:
    ring = {"first": KEY}
    elsewhere = AccessTokens(lambda: ring)
    token = AccessTokens(lambda: {"second": b"s" * 32, "first": KEY}).issue(CLAIMS, NOW)
    with pytest.raises(Unauthorized):
        elsewhere.verify(token, NOW)
    ring["second"] = b"s" * 32
    assert elsewhere.verify(token, NOW) == CLAIMS


def test_every_token_has_a_name_of_its_own() -> None:
    tokens = AccessTokens(keys)
    names = {jwt.decode(tokens.issue(CLAIMS, NOW), OctKey.import_key(KEY)).claims["jti"] for _ in range(3)}
    assert len(names) == 3
