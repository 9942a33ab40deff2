"""A provider that is reached by its issuer's address: discovery, code flow with PKCE, renewal, logout."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog

from opm.server.clients.oidc.base import Answer, Grant, Login, LogoutForm, LogoutNotice
from opm.server.clients.oidc.claims import Rules, check_id_token, check_logout_token, identity_of, subject_of
from opm.server.clients.oidc.fetch import Fetch, require_safe
from opm.server.clients.oidc.jose import BadToken, Token, key_id, read
from opm.server.clients.oidc.keys import PublishedKeys
from opm.server.core.errors import Unauthorized, Unavailable
from opm.server.core.redaction import LIVE
from opm.server.core.settings import OidcSettings

log = structlog.get_logger(__name__)

_DISCOVERY_KEPT = 3600.0
_LONGEST_TOKEN = 64 << 10
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcProvider:
    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.time) -> None:
        if settings.issuer is None or settings.client_id is None:
            raise ValueError("an identity provider has an issuer and knows us by a client id")
        self._settings = settings
        self._client_id = settings.client_id
        self._clock = clock
        self._fetch = Fetch(settings.timeout)
        self._keys = PublishedKeys(self._fetch_keys)
        self._document: dict[str, Any] | None = None
        self._read_at = 0.0
        self._turn = asyncio.Lock()
        self._rules = Rules(
            issuer=settings.issuer,
            client_id=settings.client_id,
            audiences=frozenset(settings.audiences),
            leeway=settings.leeway,
            admin_claim=settings.admin_claim,
        )

    async def authorization_url(self, login: Login, return_to: str) -> str:
        document = await self._discovery()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(login.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": return_to,
            "scope": " ".join(self._settings.scopes),
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        address = str(document["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"

    async def redeem(self, answer: Answer, login: Login, return_to: str) -> Grant:
        document = await self._discovery()
        told = document.get("authorization_response_iss_parameter_supported") is True
        if answer.issuer != self._rules.issuer and (told or answer.issuer is not None):
            raise _refused("the answer comes from another issuer")
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": return_to,
            "code_verifier": login.verifier,
        }
        return await self._grant(document, form, login.nonce)

    async def renew(self, refresh_token: str, subject: str) -> Grant:
        document = await self._discovery()
        grant = await self._grant(
            document, {"grant_type": "refresh_token", "refresh_token": refresh_token}, None, subject
        )
        if grant.identity.subject != subject:
            raise _refused("the renewal is about somebody else")
        return grant

    async def logout_form(self, id_token: str | None, return_to: str) -> LogoutForm | None:
        address = (await self._discovery()).get("end_session_endpoint")
        if not isinstance(address, str):
            return None
        require_safe(address)
        fields = {"client_id": self._client_id, "post_logout_redirect_uri": return_to}
        return LogoutForm(address, fields | ({"id_token_hint": id_token} if id_token else {}))

    async def read_logout(self, token: str) -> LogoutNotice:
        try:
            return check_logout_token(await self._verified(token), self._rules, self._clock())
        except BadToken as exc:
            raise _refused(f"the logout token: {exc}") from exc

    async def close(self) -> None:
        await self._fetch.close()

    async def _grant(
        self, document: dict[str, Any], form: dict[str, str], nonce: str | None, subject: str | None = None
    ) -> Grant:
        said = await self._token_request(document, form)
        id_token, access, refresh = (_text(said.get(name)) for name in ("id_token", "access_token", "refresh_token"))
        if id_token is None and subject is None:
            raise _refused("there is no ID token in the answer")
        try:
            claims: dict[str, Any] = {"sub": subject}
            if id_token is not None:
                token = await self._verified(id_token)
                check_id_token(token, self._rules, nonce, self._clock())
                claims = token.claims
            claims = await self._completed(document, claims, access)
            identity = identity_of(claims, self._rules)
        except BadToken as exc:
            raise _refused(f"the ID token: {exc}") from exc
        return Grant(identity, _text(claims.get("sid")), id_token, refresh)

    async def _token_request(self, document: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
        """A public client says its name in the form; a confidential one proves it in the way the provider takes."""
        secret = self._settings.secret()
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        LIVE.learn(secret or "")
        if secret is None:
            form = form | {"client_id": self._client_id}
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            auth = aiohttp.encode_basic_auth(_quoted(self._client_id), _quoted(secret))
        else:
            form = form | {"client_id": self._client_id, "client_secret": secret}
        said = await self._fetch.ask(document["token_endpoint"], form=form, authorization=auth)
        if said.status != 200:
            error = _text(said.body.get("error")) or f"status {said.status}"
            if error in {"invalid_client", "unauthorized_client"}:
                log.error("the identity provider does not accept this client", error=error)
                raise Unavailable("The identity provider does not accept this server as its client; tell its operator.")
            raise _refused(f"the provider says {error[:100]}")
        return said.body

    async def _completed(self, document: dict[str, Any], claims: dict[str, Any], access: str | None) -> dict[str, Any]:
        """With what only the user info endpoint tells, if it is about the same person."""
        address = document.get("userinfo_endpoint")
        if ("email" in claims and "name" in claims) or not isinstance(address, str) or access is None:
            return claims
        said = await self._fetch.ask(address, authorization=f"Bearer {access}")
        if said.status != 200:
            return claims
        if said.body.get("sub") != subject_of(claims):
            raise BadToken("the user info is about somebody else")
        return said.body | claims

    async def _verified(self, token: str) -> Token:
        keys = await self._keys.for_token(key_id(token))
        return read(token, keys, self._settings.algorithms)

    async def _discovery(self) -> dict[str, Any]:
        async with self._turn:
            if self._document is None or self._clock() - self._read_at > _DISCOVERY_KEPT:
                self._document = await self._discover()
                self._read_at = self._clock()
            return self._document

    async def _discover(self) -> dict[str, Any]:
        said = await self._fetch.ask(f"{self._rules.issuer.rstrip('/')}/.well-known/openid-configuration")
        document = said.body
        if said.status != 200 or document.get("issuer") != self._rules.issuer:
            log.error("discovery failed", status=said.status, expected=self._rules.issuer, found=document.get("issuer"))
            raise Unavailable(
                "The identity provider does not describe itself under the issuer that is configured; tell the operator."
            )
        for name in _NEEDED:
            address = document.get(name)
            if not isinstance(address, str):
                raise Unavailable(f"The identity provider names no {name}; tell the operator.")
            require_safe(address)
        return document

    async def _fetch_keys(self) -> dict[str, Any]:
        said = await self._fetch.ask((await self._discovery())["jwks_uri"])
        if said.status != 200:
            raise Unavailable("The keys of the identity provider cannot be read; try again in a moment.")
        return said.body


def _refused(reason: str) -> Unauthorized:
    """The reason goes to the log and not to the browser, which may be an attacker's."""
    log.warning("a sign-in by the identity provider was refused", reason=reason)
    return Unauthorized("The identity provider's answer was not accepted; sign in again.", reason="sign_in_refused")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN else None


def _quoted(text: str) -> str:
    """Names and secrets are form-encoded before they become basic credentials (RFC 6749, 2.3.1)."""
    return urlencode({"": text})[1:]
