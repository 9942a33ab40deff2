"""What every way of signing in ends with: cookies for browsers, a token for programs, never both for a page."""

from fastapi import Request, Response

from opm.server.api.cookies import CookieNames, set_cookies
from opm.server.api.csrf import csrf_token
from opm.server.api.signins import SignIns
from opm.server.core.actor import Client
from opm.server.core.settings import Settings
from opm.server.core.tokens import AccessClaims
from opm.server.features.users.schemas import SignedIn
from opm.server.features.users.service import SignIn
from opm.server.wiring import Ports


def client_of(request: Request) -> Client:
    return Client(
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope.get("request_id"),
    )


def base_address(request: Request, settings: Settings) -> str:
    """Where browsers reach this server; without a public address, the loopback name that they used."""
    return (settings.public_url or f"http://{request.headers['host']}").rstrip("/")


def welcome(
    signed: SignIn, request: Request, response: Response, ports: Ports, next_path: str | None = None
) -> SignedIn:
    now = ports.clock.now()
    expires_at = min(now + ports.settings.auth.access_ttl, signed.refresh_expires_at)
    user = signed.user
    claims = AccessClaims(user.id, user.email, user.name, signed.family, expires_at)
    token = SignIns.of(request).tokens.issue(claims, now)
    set_cookies(
        response,
        CookieNames.of(ports.settings),
        (token, expires_at),
        (signed.refresh_token, signed.refresh_expires_at),
    )
    # scripts of a page cannot leave out Sec-Fetch-Site: none of them can read the token, whatever it says it is
    program = request.headers.get("x-opm-client") == "api" and "sec-fetch-site" not in request.headers
    return SignedIn(
        user=user,
        access_token=token if program else None,
        csrf_token=csrf_token(ports.cipher, signed.family),
        next=next_path,
        expires_at=expires_at,
    )
