"""What a test may ask of an identity provider, whichever it is."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page


class LoginRefused(Exception):
    """The provider did not let somebody in; the text is what its page says."""


@dataclass(frozen=True)
class ClientCredentials:
    client_id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Addresses:
    """Where a served product wants to be called, as the provider has to know it."""

    redirect: str
    after_logout: str
    backchannel_logout: str

    @classmethod
    def of(cls, base_url: str) -> "Addresses":
        base = base_url.rstrip("/")
        return cls(f"{base}/auth/callback", f"{base}/", f"{base}/api/auth/oidc/backchannel-logout")


class ProviderBrowser(Protocol):
    """One browser's cookies at the provider."""

    prompted: bool
    """Whether the last authorization asked for a password."""

    def authorize(self, url: str, user: str, password: str) -> str:
        """Go through sign-in and return the address of the callback, which is not called."""
        ...

    def end_session(self, url: str, fields: Mapping[str, str]) -> str:
        """Post to the end-session endpoint, confirm if asked, and return where the browser is sent at last."""
        ...

    def close(self) -> None: ...


class SignIn(Protocol):
    """What a provider is to somebody who signs in there."""

    issuer: str
    users: dict[str, str]
    """Names and passwords of alice, bob, admin and carol, who is disabled."""

    def browse(self, authorization_url: str, user: str, password: str) -> str:
        """Sign in with a fresh browser and return the address of the callback, which is not called."""
        ...

    def session(self) -> ProviderBrowser: ...

    def fill_login(self, page: Page, user: str, password: str) -> None:
        """Fill in and send the login form that a page of Chromium shows."""
        ...


class Provider(SignIn, Protocol):
    """A running provider with one realm. What is called here may take as long as the back-channel calls it causes,
    so a test whose server lives in the same event loop calls it in a thread."""

    name: str
    client: ClientCredentials
    public_client: ClientCredentials
    admin_claim: str

    def allow(self, base_url: str) -> None:
        """Register a product's addresses for both clients. Redirect addresses add up; a client has one address for
        back-channel logout, and it is that of the product allowed last."""
        ...

    def rotate_keys(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on; the old one stays published, or not."""
        ...

    def disable(self, user: str) -> None: ...

    def enable(self, user: str) -> None: ...

    def sign_out(self, user: str) -> None:
        """End all the user's sessions at the provider, which tells the products so."""
        ...


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def discovery_url(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def loopback_client(**options: Any) -> httpx.Client:
    """Proxies of the environment are not for loopback; certificates, which take long to load, are not needed there."""
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(timeout=30, trust_env=False, verify=no_certificates, **options)
