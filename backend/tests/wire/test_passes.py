"""A pass opens one door once: every claim is tried with a wrong value, signed with the right key."""

from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from opm.wire.passes import InvalidPass, issue, verify

KEY = bytes(range(32))
PROJECT = UUID("0197b8f6-0000-7000-8000-000000000001")
OTHER_PROJECT = UUID("0197b8f6-0000-7000-8000-000000000002")
NOW = 1_800_000_000
EXPECTED: dict[str, Any] = {"project_id": PROJECT, "part": "files", "method": "GET", "path": "/files/tree"}


def signed(header: dict[str, Any] | None = None, key: bytes = KEY, **changes: Any) -> str:
    claims: dict[str, Any] = {
        "aud": f"files:{PROJECT}",
        "htm": "GET",
        "htu": "/files/tree",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "j" * 22,
    }
    claims.update(changes)
    kept = {name: value for name, value in claims.items() if value is not None}
    protected = {"alg": "HS256", "typ": "opm-pass+jwt"} if header is None else header
    return jwt.encode(protected, kept, OctKey.import_key(key), algorithms=["HS256", "HS512"])


def test_an_issued_pass_verifies_and_tells_what_it_is_for() -> None:
    token = issue(KEY, **EXPECTED, now=NOW)

    claims = verify(KEY, token, **EXPECTED, now=NOW + 1)

    assert (claims.project_id, claims.part, claims.method, claims.path) == (
        PROJECT,
        "files",
        "GET",
        "/files/tree",
    )
    assert claims.expires_at - claims.issued_at == 60


def test_the_hand_made_pass_of_these_tests_is_a_good_one() -> None:
    assert verify(KEY, signed(), **EXPECTED, now=NOW).jti == "j" * 22


def test_two_passes_for_the_same_request_differ() -> None:
    first, second = (verify(KEY, issue(KEY, **EXPECTED, now=NOW), **EXPECTED, now=NOW) for _ in range(2))

    assert first.jti != second.jti


@pytest.mark.parametrize(
    "changed",
    [
        {"project_id": OTHER_PROJECT},
        {"part": "session"},
        {"method": "DELETE"},
        {"path": "/files/content"},
        {"path": "/files/tree/"},
        {"path": "/files%2Ftree"},
    ],
)
def test_a_pass_opens_no_other_door(changed: dict[str, Any]) -> None:
    token = issue(KEY, **EXPECTED, now=NOW)

    with pytest.raises(InvalidPass):
        verify(KEY, token, **{**EXPECTED, **changed}, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": [f"files:{PROJECT}"]},
        {"aud": [f"files:{PROJECT}", f"session:{PROJECT}"]},
        {"htm": None},
        {"htu": None},
        {"iat": None},
        {"exp": None},
        {"iat": str(NOW)},
        {"exp": float(NOW + 60)},
        {"exp": True},
        {"exp": NOW + 61},
        {"exp": 10**400},
        {"exp": NOW},
        {"iat": NOW + 30, "exp": NOW + 60},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 65},
    ],
)
def test_a_wrong_claim_is_refused_though_rightly_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidPass):
        verify(KEY, signed(**changes), **EXPECTED, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256", "typ": "opm-pass+jwt", "kid": "1"},
        {"alg": "HS512", "typ": "opm-pass+jwt"},
    ],
)
def test_another_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidPass):
        verify(KEY, signed(header), **EXPECTED, now=NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "\x00.\x00.\x00",
        "e30.e30.",
        # {"alg":"none","typ":"opm-pass+jwt"} . {} .
        "eyJhbGciOiJub25lIiwidHlwIjoib3BtLXBhc3Mrand0In0.e30.",
        "ü.ü.ü",
        "a" * 20_000,
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated_in_the_message(token: str) -> None:
    with pytest.raises(InvalidPass) as caught:
        verify(KEY, token, **EXPECTED, now=NOW)

    assert len(token) < 5 or token not in str(caught.value)


def test_another_key_is_refused() -> None:
    with pytest.raises(InvalidPass):
        verify(KEY, signed(key=bytes(32)), **EXPECTED, now=NOW)


@pytest.mark.parametrize(
    ("late", "fine"), [(59, True), (64, True), (65, False), (3_600, False), (-5, True), (-6, False)]
)
def test_the_minute_and_the_leeway(late: int, fine: bool) -> None:
    token = issue(KEY, **EXPECTED, now=NOW)

    if fine:
        assert verify(KEY, token, **EXPECTED, now=NOW + late).issued_at == NOW
    else:
        with pytest.raises(InvalidPass):
            verify(KEY, token, **EXPECTED, now=NOW + late)


@pytest.mark.parametrize("ttl", [0, -1, 61])
def test_no_pass_is_issued_for_longer_than_a_minute(ttl: int) -> None:
    with pytest.raises(ValueError, match="seconds"):
        issue(KEY, **EXPECTED, ttl=ttl)


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        issue(KEY[:31], **EXPECTED)


def test_the_longest_path_of_a_route_fits_into_a_pass() -> None:
    expected = {**EXPECTED, "path": f"/session/{'s' * 200}/message/{'m' * 200}"}

    assert verify(KEY, issue(KEY, **expected, now=NOW), **expected, now=NOW).path == expected["path"]
