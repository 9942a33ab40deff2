"""Sign-in over HTTP. What a refused token leaves behind has to be saved, so units of work end here before the refusal.

Browsers get cookies and no token to read; a program that says `X-OPM-Client: api` also gets the token in the body.
"""

from fastapi import Request, Response

from opm.server.api.cookies import CookieNames, clear_cookies, set_cookies
from opm.server.api.deps import ActorDep, ClaimsDep, PortsDep, ScopeDep, get_actor, get_claims
from opm.server.api.routing import new_router
from opm.server.api.signins import SignIns
from opm.server.api.throttle import sign_in
from opm.server.core.actor import Actor
from opm.server.core.errors import Unauthorized
from opm.server.core.tokens import AccessClaims
from opm.server.features.users.schemas import Launch, Me, Preferences, PreferencesPatch, SignedIn, User
from opm.server.features.users.service import LAUNCH, REFRESH, Client, SignIn
from opm.server.wiring import Ports

router = new_router("/auth", tag="auth")


@router.post("/launch")
async def launch(body: Launch, request: Request, response: Response, ports: PortsDep) -> SignedIn:
    """Exchange the token of a launch address, once, for a sign-in."""
    await sign_in(request, ports, LAUNCH, body.token)
    async with ports.scope(write=True) as scope:
        signed = await scope.users.redeem_launch(body.token, _client(request))
    if signed is None:
        raise Unauthorized("This launch address was used already or is too old; `opm launch-url` prints a new one.")
    return _welcome(signed, request, response, ports)


@router.post("/refresh")
async def refresh(request: Request, response: Response, ports: PortsDep) -> SignedIn:
    """Renew the sign-in with its refresh cookie."""
    raw = request.cookies.get(CookieNames.of(ports.settings).refresh, "")
    await sign_in(request, ports, REFRESH, raw)
    signed = None
    if raw:
        async with ports.scope(write=True) as scope:
            signed = await scope.users.refresh(raw, _client(request))
    if signed is None:
        SignIns.of(request, ports).forget()
        raise Unauthorized("The sign-in has ended; open a launch address (`opm launch-url` prints one).")
    return _welcome(signed, request, response, ports)


@router.post("/logout", status_code=204)
async def logout(request: Request, response: Response, ports: PortsDep) -> None:
    """End the sign-in everywhere. Works without one, too, so that a browser can always get rid of its cookies."""
    names = CookieNames.of(ports.settings)
    actor = await _actor_if_any(request, ports)
    raw = request.cookies.get(names.refresh, "")
    async with ports.scope(write=True) as scope:
        if actor is not None and actor.auth_session is not None:
            await scope.users.logout(actor.auth_session, actor)
        elif raw:
            await scope.users.logout_token(raw, _client(request))
    SignIns.of(request, ports).forget()
    clear_cookies(response, names)


@router.get("/me")
async def me(claims: ClaimsDep, actor: ActorDep, scope: ScopeDep) -> Me:
    """Who is signed in, and until when without renewing."""
    user = await scope.users.get(actor.user_id)
    return Me(user=User.model_validate(user), expires_at=claims.expires_at, sign_in="launch")


@router.get("/me/preferences")
async def get_preferences(actor: ActorDep, scope: ScopeDep) -> Preferences:
    return await scope.users.preferences(actor)


@router.patch("/me/preferences")
async def update_preferences(actor: ActorDep, scope: ScopeDep, body: PreferencesPatch) -> Preferences:
    return await scope.users.patch_preferences(actor, body)


async def _actor_if_any(request: Request, ports: Ports) -> Actor | None:
    try:
        return await get_actor(request, await get_claims(request, ports))
    except Unauthorized:
        return None


def _client(request: Request) -> Client:
    return Client(
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope.get("request_id"),
    )


def _welcome(signed: SignIn, request: Request, response: Response, ports: Ports) -> SignedIn:
    now = ports.clock.now()
    expires_at = now + ports.settings.auth.access_ttl
    user = signed.user
    claims = AccessClaims(user.id, user.email, user.name, signed.family, expires_at)
    token = SignIns.of(request, ports).tokens.issue(claims, now)
    set_cookies(
        response,
        CookieNames.of(ports.settings),
        (token, expires_at),
        (signed.refresh_token, signed.refresh_expires_at),
    )
    # scripts of a page cannot leave out Sec-Fetch-Site: none of them can read the token, whatever it says it is
    program = request.headers.get("x-opm-client") == "api" and "sec-fetch-site" not in request.headers
    return SignedIn(user=user, access_token=token if program else None, expires_at=expires_at)
