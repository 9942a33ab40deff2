"""Sign-in through the identity provider: to it, back from it, and what it tells by itself.

The browser keeps a cookie on the way, so that an answer is taken from the browser that left only: a link with somebody
else's answer in it signs nobody in.
"""

from urllib.parse import parse_qs

import structlog
from fastapi import Request, Response

from opm.server.api.cookies import CookieNames, shown_cookie
from opm.server.api.deps import PortsDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.api.signins import SignIns
from opm.server.api.throttle import by_address, sign_in_from, sign_in_of
from opm.server.api.welcome import base_address, client_of, welcome
from opm.server.clients.oidc.base import Answer, IdentityProvider
from opm.server.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from opm.server.features.users.oidc import ATTEMPT_TTL
from opm.server.features.users.schemas import OidcCallback, OidcLogin, OidcRedirect, SignedIn
from opm.server.features.users.service import SignIn
from opm.server.wiring import Ports

log = structlog.get_logger(__name__)

router = new_router("/auth/oidc", tag="auth", policy=Policy.PUBLIC)

RETURN_PATH = "/auth/callback"
_FIELDS = 10
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["logout_token"],
                    "properties": {"logout_token": {"type": "string"}},
                }
            }
        },
    }
}


@router.post("/login")
async def oidc_login(body: OidcLogin, request: Request, response: Response, ports: PortsDep) -> OidcRedirect:
    """Begin: the browser goes to `authorization_url`, and comes back to `/auth/callback`."""
    await sign_in_from(request, ports)
    provider = _provider(ports)
    async with ports.scope() as scope:
        begun = await scope.oidc.begin(body.next)
    url = await provider.authorization_url(begun.login, base_address(request, ports.settings) + RETURN_PATH)
    names = CookieNames.of(ports.settings)
    response.set_cookie(
        names.login,
        begun.browser,
        max_age=int(ATTEMPT_TTL.total_seconds()),
        path="/",
        secure=names.secure,
        httponly=True,
        samesite="lax",  # the way back is a navigation from elsewhere
    )
    return OidcRedirect(authorization_url=url)


@router.post("/callback")
async def oidc_callback(body: OidcCallback, request: Request, response: Response, ports: PortsDep) -> SignedIn:
    """End: exchange the code that the provider gave the browser, once, for a sign-in."""
    await sign_in_from(request, ports)
    provider = _provider(ports)
    names = CookieNames.of(ports.settings)
    browser = shown_cookie(request, names.login)
    async with ports.scope() as scope:
        attempt = await scope.oidc.take(body.state, browser) if browser else None
        if attempt is None:
            scope.users.refuse(None, client_of(request))
    if attempt is None:
        log.warning("an answer to no sign-in of this browser", had_cookie=bool(browser))
        raise Invalid(
            "This sign-in was not begun in this browser, took too long, or is done already; sign in again.",
            field="state",
        )
    login, next_path = attempt
    try:
        grant = await provider.redeem(
            Answer(body.code, body.iss), login, base_address(request, ports.settings) + RETURN_PATH
        )
    except Unauthorized:
        async with ports.scope() as scope:
            scope.users.refuse(None, client_of(request))
        raise
    await sign_in_of(ports, grant.identity.subject)
    signed: SignIn | None = None
    for last in (False, True):  # two first sign-ins of one person at once: the slower one finds the account then
        try:
            async with ports.scope() as scope:
                signed = await scope.oidc.welcome(grant, client_of(request))
            break
        except Conflict:
            if last:
                raise
    if signed is None:
        raise Forbidden("This account is shut out here; ask an administrator.", reason="disabled")
    response.delete_cookie(names.login, path="/", secure=names.secure, httponly=True, samesite="lax")
    return welcome(signed, request, response, ports, next_path)


@router.post("/backchannel-logout", response_class=Response, openapi_extra=_FORM)
async def oidc_backchannel_logout(request: Request, ports: PortsDep) -> Response:
    """The provider tells, with a signed token in a form, that somebody signed out there."""
    await by_address(request, ports)
    provider = _provider(ports)
    try:
        form = parse_qs((await request.body()).decode("ascii"), max_num_fields=_FIELDS)
        (token,) = form["logout_token"]
    except (ValueError, KeyError) as exc:
        raise Invalid("A form with one logout_token is expected.", field="logout_token") from exc
    try:
        notice = await provider.read_logout(token)
    except Unauthorized as exc:
        raise Invalid("The logout token was not accepted.", field="logout_token") from exc
    async with ports.scope() as scope:
        await scope.oidc.ended_there(notice)
    SignIns.of(request).forget()
    return Response(headers={"Cache-Control": "no-store"})


def _provider(ports: Ports) -> IdentityProvider:
    if ports.identity is None:
        raise NotFound("No identity provider is configured here; `opm launch-url` prints an address to sign in with.")
    return ports.identity
