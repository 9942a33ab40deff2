"""What tokens have to say: each rule with the token that breaks it and nothing else."""

from typing import Any

import pytest

from opm.server.clients.oidc.claims import Rules, check_id_token, check_logout_token, identity_of
from opm.server.clients.oidc.jose import BadToken, Token
from tests.server.clients.oidc.signing import ISSUER, LOGOUT, NOW, RULES, claims


def id_token(typ: Any = "JWT", nonce: str | None = "n", **changes: Any) -> None:
    header = {"alg": "RS256"} | ({"typ": typ} if typ is not None else {})
    check_id_token(Token(header, claims(**changes)), RULES, nonce, NOW)


def test_the_good_one_is_good() -> None:
    id_token()
    id_token(typ=None)
    id_token(typ="jwt")
    id_token(aud=["opm"], azp="opm")
    id_token(aud=["opm", "known"])
    id_token(exp=NOW - 59, iat=NOW + 59)
    id_token(exp=float(NOW + 5))
    id_token(nonce=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
        {"typ": 7},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": []},
        {"aud": None},
        {"aud": {"opm": True}},
        {"aud": ["opm", "stranger"]},
        {"aud": ["opm", 7]},
        {"azp": "stranger"},
        {"azp": ["opm"]},
        {"exp": None},
        {"exp": NOW - 60},
        {"exp": str(NOW + 300)},
        {"exp": True},
        {"exp": 1e308},
        {"exp": 10**30},
        {"exp": -1},
        {"exp": NOW + 0.5},
        {"exp": float("inf")},
        {"iat": None},
        {"iat": NOW + 61},
        {"iat": "now"},
        {"nbf": NOW + 61},
        {"nbf": "x"},
        {"nonce": "other"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
    ids=str,
)
def test_a_broken_rule_refuses(changes: dict[str, Any]) -> None:
    said = {name: value for name, value in changes.items() if name not in {"typ", "nonce"}}
    with pytest.raises(BadToken):
        id_token(changes.get("typ", "JWT"), changes.get("nonce", "n"), **said)


def test_a_token_without_nonce_answers_no_sign_in() -> None:
    with pytest.raises(BadToken, match="nonce"):
        check_id_token(Token({}, {k: v for k, v in claims().items() if k != "nonce"}), RULES, "n", NOW)


def logout(typ: str | None = "logout+jwt", **changes: Any) -> Any:
    whole = {"iss": ISSUER, "aud": "opm", "iat": NOW, "jti": "1", "sub": "user-1", "sid": "s", "events": LOGOUT}
    said = {name: value for name, value in (whole | changes).items() if value is not None}
    return check_logout_token(Token({"typ": typ} if typ else {}, said), RULES, NOW)


def test_a_notice_of_logout_names_person_or_session() -> None:
    notice = logout()
    assert (notice.issuer, notice.subject, notice.provider_session) == (ISSUER, "user-1", "s")
    assert notice.issued_at.timestamp() == NOW
    assert logout(sub=None).subject is None
    assert logout(typ=None, sid=None).provider_session is None


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "at+jwt"},
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}},
        {"events": [LOGOUT]},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"sid": 7},
        {"sid": ""},
        {"iat": NOW - 601},
        {"iat": NOW + 61},
        {"iat": None},
        {"exp": NOW - 61},
        {"aud": "other"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
def test_a_notice_that_breaks_a_rule_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        logout(**changes)


def test_who_somebody_is() -> None:
    person = identity_of(claims(picture="https://id.example.org/ada.png", groups=["opm-admins"]), RULES)
    assert (person.issuer, person.subject, person.name) == (ISSUER, "user-1", "Ada")
    assert (person.email, person.picture_url) == ("ada@example.org", "https://id.example.org/ada.png")
    assert person.is_admin


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"name": None, "preferred_username": "ada.l"}, "ada.l"),
        ({"name": "", "preferred_username": None}, "ada@example.org"),
        ({"name": 7, "email": None}, "user-1"),
        ({"name": "A\x00d\u202ea\n"}, "Ada"),
        ({"name": "x" * 300}, "x" * 255),
    ],
)
def test_somebody_always_has_a_name_that_can_be_shown(changes: dict[str, Any], name: str) -> None:
    assert identity_of(claims(**changes), RULES).name == name


def test_an_unverified_address_and_an_odd_picture_are_not_taken() -> None:
    assert identity_of(claims(email_verified=False), RULES).email is None
    for picture in ("http://x.example/a.png", "javascript:alert(1)", "data:image/png;base64,", 7):
        assert identity_of(claims(picture=picture), RULES).picture_url is None


@pytest.mark.parametrize(
    ("wanted", "said", "admin"),
    [
        (None, {"groups": ["opm-admins"]}, False),
        ("groups=opm-admins", {}, False),
        ("groups=opm-admins", {"groups": "opm-admins"}, True),
        ("groups=opm-admins", {"groups": ["x", "opm-admins-2"]}, False),
        ("groups=opm-admins", {"groups": {"opm-admins": 1}}, False),
        ("realm_access.roles=admin", {"realm_access": {"roles": ["user", "admin"]}}, True),
        ("realm_access.roles=admin", {"realm_access": ["roles"]}, False),
        ("https://x.example/role=admin", {"https://x.example/role": "admin"}, True),
        ("is_admin=true", {"is_admin": True}, True),
        ("is_admin=true", {"is_admin": 1}, False),
    ],
)
def test_who_administers(wanted: str | None, said: dict[str, Any], admin: bool) -> None:
    rules = Rules(ISSUER, "opm", frozenset(), 60, wanted)
    assert identity_of(claims(**said), rules).is_admin is admin
