"""The client's half of the code flow, step by step, so that a test can get one of them wrong."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from tests.identity.provider import ClientCredentials, Provider, ProviderBrowser, discovery_url, loopback_client


@dataclass
class Attempt:
    """What a client keeps between sending the browser away and seeing it again."""

    url: str
    redirect: str
    state: str
    nonce: str
    verifier: str


@dataclass
class Flow:
    provider: Provider
    client: ClientCredentials
    base_url: str
    scope: str = "openid profile email"
    http: httpx.Client = field(default_factory=loopback_client)

    @property
    def metadata(self) -> dict[str, Any]:
        answer = self.http.get(discovery_url(self.provider.issuer))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def begin(self, **changed: str | None) -> Attempt:
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": f"{self.base_url}/auth/callback",
            "scope": self.scope,
            "state": secrets.token_urlsafe(24),
            "nonce": secrets.token_urlsafe(24),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        sent = {name: value for name, value in (query | changed).items() if value is not None}
        url = f"{self.metadata['authorization_endpoint']}?{urlencode(sent)}"
        return Attempt(url, sent["redirect_uri"], sent["state"], sent["nonce"], verifier)

    def arrive(self, attempt: Attempt, callback: str) -> str:
        """The code, after a look at what came with it."""
        shown = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
        assert shown["state"] == attempt.state
        assert shown["iss"] == self.provider.issuer
        return shown["code"]

    def exchange(self, attempt: Attempt, code: str, **changed: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirect}
        return self.ask_for_tokens(form | {"code_verifier": attempt.verifier} | changed)

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.ask_for_tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def ask_for_tokens(self, form: dict[str, str]) -> httpx.Response:
        if self.client.secret is None:
            return self.http.post(self.metadata["token_endpoint"], data=form | {"client_id": self.client.client_id})
        basic = httpx.BasicAuth(self.client.client_id, self.client.secret)
        return self.http.post(self.metadata["token_endpoint"], data=form, auth=basic)

    def keys(self) -> KeySet:
        return KeySet.import_key_set(self.http.get(self.metadata["jwks_uri"]).json())

    def verified(self, token: str) -> Token:
        return jwt.decode(token, self.keys(), algorithms=["RS256"])

    def sign_in(self, user: str, browser: ProviderBrowser | None = None) -> dict[str, Any]:
        """The whole of it: the token endpoint's answer, its ID token verified."""
        attempt, password = self.begin(), self.provider.users[user]
        if browser is None:
            callback = self.provider.browse(attempt.url, user, password)
        else:
            callback = browser.authorize(attempt.url, user, password)
        answer = self.exchange(attempt, self.arrive(attempt, callback))
        assert answer.status_code == 200, answer.text
        claims = self.verified(answer.json()["id_token"]).claims
        assert claims["iss"] == self.provider.issuer
        assert claims["aud"] in (self.client.client_id, [self.client.client_id])
        assert claims["nonce"] == attempt.nonce
        return answer.json()
