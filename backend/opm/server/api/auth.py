"""Sign-in over HTTP. What a refused token leaves behind has to be saved, so units of work end here before the refusal.

Browsers get cookies and no token to read; a program that says `X-OPM-Client: api` also gets the token in the body.
"""

from uuid import UUID

from fastapi import Request, Response

from opm.server.api.cookies import CookieNames, clear_cookies, shown_cookie
from opm.server.api.csrf import csrf_token
from opm.server.api.deps import ActorDep, ClaimsDep, PersonDep, PortsDep, ScopeDep, shown_token
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.api.signins import SignIns
from opm.server.api.throttle import by_address, sign_in
from opm.server.api.welcome import base_address, client_of, welcome
from opm.server.core.actor import Actor
from opm.server.core.errors import Fault, Forbidden, Unauthorized
from opm.server.features.users.preferences import Preferences, PreferencesPatch
from opm.server.features.users.schemas import Launch, Me, SignedIn, SignedOut, SignInMethods, User
from opm.server.features.users.service import LAUNCH, REFRESH
from opm.server.wiring import Ports

router = new_router("/auth", tag="auth", policy=Policy.SIGNED_IN)
_PUBLIC = declared(Policy.PUBLIC)


@router.get("/methods", openapi_extra=_PUBLIC)
async def get_methods(request: Request, ports: PortsDep) -> SignInMethods:
    """How people sign in here."""
    await by_address(request, ports)
    oidc = ports.settings.oidc
    return SignInMethods(launch=not oidc.enabled, provider=oidc.name if oidc.enabled else None)


@router.post("/launch", openapi_extra=_PUBLIC)
async def launch(body: Launch, request: Request, response: Response, ports: PortsDep) -> SignedIn:
    """Exchange the token of a launch address, once, for a sign-in."""
    if ports.settings.oidc.enabled:
        raise Forbidden("People sign in here through the identity provider, not by launch addresses.")
    await sign_in(request, ports, LAUNCH, body.token)
    async with ports.scope(write=True) as scope:
        signed = await scope.users.redeem_launch(body.token, client_of(request))
    if signed is None:
        raise Unauthorized("This launch address was used already or is too old; `opm launch-url` prints a new one.")
    return welcome(signed, request, response, ports)


@router.post("/refresh", openapi_extra=_PUBLIC)
async def refresh(request: Request, response: Response, ports: PortsDep) -> SignedIn:
    """Renew the sign-in with its refresh cookie."""
    raw = shown_cookie(request, CookieNames.of(ports.settings).refresh)
    await sign_in(request, ports, REFRESH, raw)
    signed = None
    if raw:
        async with ports.scope(write=False) as scope:
            found = await scope.users.family_of(raw, client_of(request))
        # the provider is asked first, if it is time: it may have shut the person out
        if found and found[0] in await SignIns.of(request).living([found[0]]):
            async with ports.scope(write=True) as scope:
                signed = await scope.users.refresh(raw, client_of(request))
    if signed is None:
        SignIns.of(request).forget()
        raise Unauthorized("The sign-in has ended; sign in again.")
    return welcome(signed, request, response, ports)


@router.post("/logout", openapi_extra=_PUBLIC)
async def logout(request: Request, response: Response, ports: PortsDep) -> SignedOut:
    """End the sign-in everywhere. Works without one, too, so that a browser can always get rid of its cookies.

    Where the answer names a `url`, the browser posts the `fields` there, which ends the session at the provider.
    """
    await by_address(request, ports)
    names = CookieNames.of(ports.settings)
    ending = await _sign_in_of(request, ports)
    answer = SignedOut()
    if ending is not None:
        family, actor = ending
        answer = await _provider_logout(request, ports, actor)
        async with ports.scope(write=True) as scope:
            await scope.users.logout(family, actor)
    SignIns.of(request).forget()
    clear_cookies(response, names)
    return answer


@router.post("/logout/everywhere", status_code=204, openapi_extra=declared(Policy.PERSON))
async def logout_everywhere(request: Request, response: Response, actor: PersonDep, ports: PortsDep) -> None:
    """End every sign-in of yours at any browser, this one included. Personal access tokens go on."""
    async with ports.scope() as scope:
        await scope.accounts.end_everywhere(actor)
    SignIns.of(request).forget()
    clear_cookies(response, CookieNames.of(ports.settings))


@router.get("/me")
async def me(request: Request, claims: ClaimsDep, actor: ActorDep, scope: ScopeDep, ports: PortsDep) -> Me:
    """Who is signed in, and until when without renewing."""
    user = await scope.users.get(actor.user_id)
    oidc = ports.settings.oidc.enabled
    _, by_cookie = shown_token(request, ports)
    return Me(
        user=User.model_validate(user),
        expires_at=claims.expires_at,
        sign_in="oidc" if oidc else "launch",
        csrf_token=csrf_token(ports.cipher, claims.auth_session) if by_cookie else None,
        shared_machine=oidc and ports.settings.runtime.kind == "local",
    )


@router.get("/me/preferences")
async def get_preferences(actor: ActorDep, scope: ScopeDep) -> Preferences:
    """How this person likes the product, in every browser."""
    return await scope.users.preferences(actor)


@router.patch("/me/preferences")
async def update_preferences(actor: ActorDep, scope: ScopeDep, body: PreferencesPatch) -> Preferences:
    """What is not named stays as it is."""
    return await scope.users.patch_preferences(actor, body)


async def _sign_in_of(request: Request, ports: Ports) -> tuple[UUID, Actor] | None:
    """Of whoever asks to leave: by the access token, or by the refresh cookie once that has ended."""
    client = client_of(request)
    token, _ = shown_token(request, ports)
    try:
        claims = await SignIns.of(request).require(token)
    except Unauthorized:
        raw = shown_cookie(request, CookieNames.of(ports.settings).refresh)
        if not raw:
            return None
        async with ports.scope(write=False) as scope:
            return await scope.users.family_of(raw, client)
    if claims.personal:
        raise Forbidden("A personal access token is not signed out; delete it in your settings.") from None
    return claims.auth_session, Actor(
        claims.user_id,
        claims.email,
        claims.name,
        claims.auth_session,
        client.ip,
        client.user_agent,
        client.request_id,
    )


async def _provider_logout(request: Request, ports: Ports, actor: Actor) -> SignedOut:
    if ports.identity is None or actor.auth_session is None:
        return SignedOut()
    try:
        async with ports.scope(write=False) as scope:
            hint = await scope.oidc.id_token(actor.auth_session)
        form = await ports.identity.logout_form(hint, base_address(request, ports.settings) + "/")
    except (Fault, Unauthorized):
        return SignedOut()  # leaving us must work when the provider does not
    return SignedOut(url=form.url, fields=form.fields) if form else SignedOut()
