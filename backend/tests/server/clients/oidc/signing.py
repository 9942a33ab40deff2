"""Tokens as a provider would sign them, and as it never would."""

import base64
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import KeySet, RSAKey

from opm.server.clients.oidc.claims import Rules

NOW = 1_800_000_000
ISSUER = "https://id.example.org/realms/tea"
RULES = Rules(ISSUER, "opm", frozenset({"known"}), leeway=60, admin_claim="groups=opm-admins")
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
KEYS = KeySet([KEY])
ALGORITHMS = ("RS256", "ES256")
LOGOUT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def claims(**changes: Any) -> dict[str, Any]:
    """Of a good ID token; None takes one away."""
    whole = {
        "iss": ISSUER,
        "aud": "opm",
        "sub": "user-1",
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "n",
        "name": "Ada",
        "email": "ada@example.org",
        "email_verified": True,
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def signed(body: dict[str, Any] | bytes, key: RSAKey = KEY, algorithm: str = "RS256", **header: Any) -> str:
    """By hand: a library would refuse to make most of what has to be refused."""
    head = {"alg": algorithm, "kid": "one", "typ": "JWT"} | header
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    text = f"{part(head)}.{encoded(payload)}"
    assert key.private_key is not None
    digest = hashes.SHA512() if algorithm == "RS512" else hashes.SHA256()
    return f"{text}.{encoded(key.private_key.sign(text.encode(), padding.PKCS1v15(), digest))}"


def unsigned(body: dict[str, Any]) -> str:
    return f"{part({'alg': 'none', 'kid': 'one'})}.{part(body)}."


def confused(body: dict[str, Any]) -> str:
    """Signed symmetrically with what everybody knows: the public key."""
    signed_part = f"{part({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{part(body)}"
    return f"{signed_part}.{encoded(hmac.digest(KEY.as_pem(private=False), signed_part.encode(), 'sha256'))}"


def part(value: Any) -> str:
    return encoded(json.dumps(value).encode())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
