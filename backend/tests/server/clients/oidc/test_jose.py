"""Signatures and JSON of tokens: whole, allowed and unambiguous, or refused; never an error of another kind."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet, RSAKey

from opm.server.clients.oidc.jose import BadToken, key_id, read
from tests.server.clients.oidc.signing import ALGORITHMS, KEY, KEYS, OTHER, claims, confused, part, signed, unsigned


def nested(levels: int) -> dict[str, object]:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return {"sub": "user-1", "deep": value}


def test_a_good_token_is_read() -> None:
    token = signed(claims())
    found = read(token, KEYS, ALGORITHMS)
    assert found.claims == claims()
    assert found.header["kid"] == key_id(token) == "one"
    assert read(signed(nested(18)), KEYS, ALGORITHMS).claims["sub"] == "user-1"


_TWICE = json.dumps(claims())[:-1] + ', "sub": "user-2"}'


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(), OTHER),
        unsigned(claims()),
        confused(claims()),
        signed(claims(), algorithm="RS512"),
        signed(claims(), crit=["exp"], exp=1),
        signed(_TWICE.encode()),
        signed(b"[1]"),
        signed(b'"text"'),
        signed(b"{"),
        signed(b'{"sub": NaN}'),
        signed(b"\xff\xfe"),
        signed(nested(20)),
        signed(b'{"a":' * 50_000),
        signed(claims(), padding="x" * 3000),
        signed(claims(filler="x" * 17_000)),
        f"{part([1])}.{part(claims())}.AAAA",
        f"{part({'alg': 'RS256'})}.{part(claims())}",
        "",
        ".",
        "..",
        "a.b.c",
        "\ud800.a.b",
        "é.a.b",
        "x" * 20_000,
    ],
)
def test_everything_else_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        read(token, KEYS, ALGORITHMS)


@pytest.mark.parametrize("offer", ["jku", "x5u", "jwk", "x5c"])
def test_no_key_is_taken_from_the_token_itself(offer: str) -> None:
    """Signed with the attacker's key, which the header offers in every known way."""
    mine = RSAKey.generate_key(2048, {"kid": "mine"})
    offered = {"jwk": mine.as_dict(private=False), "x5c": ["MIIB"]}.get(offer, "https://evil.example/keys")
    with pytest.raises(BadToken):
        read(signed(claims(), mine, **{offer: offered}), KEYS, ALGORITHMS)


def test_a_changed_letter_is_noticed() -> None:
    head, body, signature = signed(claims()).split(".")
    forged = part(claims(sub="user-2"))
    with pytest.raises(BadToken):
        read(f"{head}.{forged}.{signature}", KEYS, ALGORITHMS)
    assert read(f"{head}.{body}.{signature}", KEYS, ALGORITHMS)


@given(st.text(max_size=300))
def test_no_text_does_more_than_being_refused(text: str) -> None:
    with pytest.raises(BadToken):
        read(text, KEYS, ALGORITHMS)
    with pytest.raises(BadToken):
        key_id(text)
    with pytest.raises(BadToken):
        read(f"{part({'alg': 'RS256', 'kid': text})}.{text}.{text}", KeySet([KEY]), ALGORITHMS)
