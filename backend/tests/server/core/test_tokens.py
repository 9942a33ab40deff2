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

from opm.server.core.errors import Internal, Unauthorized
from opm.server.core.tokens import AccessClaims, AccessTokens

KEY = b"k" * 32
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLAIMS = AccessClaims(uuid4(), "ada@example.org", "Ada", uuid4(), NOW + timedelta(hours=1))
GOOD_HEADER = {"alg": "HS256", "typ": "opm-access+jwt"}


def body(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "aud": "opm",
        "sub": str(CLAIMS.user_id),
        "email": None,
        "name": "Ada",
        "iat": 1,
        "exp": int(CLAIMS.expires_at.timestamp()),
        "jti": str(CLAIMS.auth_session),
    }
    return {name: value for name, value in (whole | changes).items() if value != "absent"}


def signed(header: dict[str, str] = GOOD_HEADER, key: bytes = KEY, **changes: object) -> str:
    return jwt.encode(header, body(**changes), OctKey.import_key(key), algorithms=["HS256", "HS512"])


def test_what_was_issued_is_read_back_by_another_process() -> None:
    token = AccessTokens(KEY).issue(CLAIMS, NOW)
    assert AccessTokens(KEY).verify(token, NOW) == CLAIMS


def test_a_remembered_token_still_ends() -> None:
    tokens = AccessTokens(KEY)
    token = tokens.issue(CLAIMS, NOW)
    assert tokens.verify(token, NOW + timedelta(minutes=59)) == CLAIMS
    with pytest.raises(Unauthorized) as caught:
        tokens.verify(token, NOW + timedelta(hours=1))
    assert caught.value.details == {"reason": "expired"}


def test_the_good_one_of_these_tests_is_good() -> None:
    assert AccessTokens(KEY).verify(signed(), NOW).name == "Ada"


def none_signed() -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, body())]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize(
    "token",
    [
        signed(key=b"x" * 32),
        signed({"alg": "HS256", "typ": "opm-pass+jwt"}),
        signed({"alg": "HS256"}),
        signed({"alg": "HS512", "typ": "opm-access+jwt"}),
        signed(GOOD_HEADER | {"kid": "1"}),
        signed(aud="other"),
        signed(aud=["opm"]),
        signed(aud="absent"),
        signed(sub="nobody"),
        signed(sub=7),
        signed(jti="absent"),
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
        AccessTokens(KEY).verify(token, NOW)


@given(st.text(max_size=200), st.integers(0, 300), st.binary(max_size=3))
def test_no_text_is_more_than_refused(text: str, place: int, noise: bytes) -> None:
    token = signed()
    changed = token[:place] + noise.decode("latin-1") + token[place + len(noise) :]
    for wrong in (text, changed):
        if wrong == token:
            continue
        try:
            read = AccessTokens(KEY).verify(wrong, NOW)
        except Unauthorized:
            continue
        # base64 has more than one spelling of its last character, and only that
        assert read == AccessTokens(KEY).verify(token, NOW)


def test_what_is_remembered_is_bounded() -> None:
    tokens = AccessTokens(KEY)
    for number in range(2100):
        tokens.verify(tokens.issue(CLAIMS, NOW + timedelta(seconds=number)), NOW)
    assert len(vars(tokens)["_verified"]) == 2048


def test_a_key_that_is_too_short_is_no_key() -> None:
    with pytest.raises(Internal):
        AccessTokens(b"short")
