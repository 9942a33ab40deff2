"""Secrets by value, in every form in which they reach a log."""

import base64
import json
import math
from urllib.parse import quote

import pytest

from opm.server.core.crypto import Keyring
from opm.server.core.redaction import LIVE, MASK, Redactor
from opm.server.core.settings import Settings

SECRET = 'sk-"tea"/+pot ümlaut'


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.learn(SECRET)
    return made


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_known_secret_is_masked_in_every_form(redactor: Redactor, form: str) -> None:
    assert redactor.clean(f"before {form} after").replace("=", "") == f"before {MASK} after"


@pytest.mark.parametrize("name", ["", "g", "gi", "git", "user"])
@pytest.mark.parametrize("after", ["", ".", "..", "..."])
@pytest.mark.parametrize("secret", ["token-0123", "token-01234", "token-012345"])
def test_a_secret_is_masked_within_what_is_encoded(name: str, after: str, secret: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        left = redactor.clean(encode(f"{name}:{secret}{after}".encode()).decode())
        assert MASK in left
        letters = len(left.replace(MASK, "").rstrip("="))
        assert letters <= math.ceil(4 / 3 * (len(name) + 1)) + math.ceil(4 / 3 * len(after)) + 1


def test_passwords_in_the_addresses_of_the_settings_are_secrets() -> None:
    database, shared = "of/the@database", "of-what-is-shared"
    settings = Settings.model_validate(
        {
            "database": {"url": f"postgresql://opm:{quote(database, safe='')}@db/opm"},
            "redis": {"url": f"redis://:{shared}@redis:6379/0"},
            "rates": {"store": "redis://redis:6379/1"},
        }
    )
    assert settings.secrets == [database, shared]


def test_what_is_no_secret_stays(redactor: Redactor) -> None:
    assert redactor.clean("sk-tea pot") == "sk-tea pot"
    redactor.learn("short")
    assert redactor.clean("a short text") == "a short text"
    assert Redactor().clean(SECRET) == SECRET


def test_a_secret_within_another_leaves_no_rest(redactor: Redactor) -> None:
    redactor.learn(SECRET + "-longer")
    assert redactor.clean(f"{SECRET}-longer") == MASK


def test_only_so_many_are_known_and_the_used_ones_stay(redactor: Redactor) -> None:
    for number in range(999):
        redactor.learn(f"secret-number-{number:04}")
    redactor.learn(SECRET)
    redactor.learn("one-more-secret")
    assert redactor.clean("secret-number-0000") == "secret-number-0000"
    assert redactor.clean(SECRET) == redactor.clean("one-more-secret") == MASK


def test_what_is_sealed_or_opened_is_known_from_then_on() -> None:
    ring = Keyring({"a": b"k" * 32})
    sealed = ring.seal("sealed-in-this-test", place="here")
    assert LIVE.clean("sealed-in-this-test") == MASK
    assert ring.open(sealed, place="here") == "sealed-in-this-test"
