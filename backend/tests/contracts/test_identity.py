"""What an identity provider does for us: the same of the one in memory and of real ones, for either kind of client."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from opm.server.clients.oidc.base import Answer, IdentityProvider, Login
from opm.server.clients.oidc.provider import OidcProvider
from opm.server.core.clock import SystemClock
from opm.server.core.errors import Unauthorized, Unavailable
from opm.server.core.settings import OidcSettings
from tests.fakes.identity import FakeIdentity
from tests.identity.fixtures import MARKS
from tests.identity.provider import Provider

BASE = "http://127.0.0.1:8499"
RETURN = f"{BASE}/auth/callback"
LOGIN = Login("s" * 43, "n" * 43, "v" * 43)


@dataclass
class Place:
    """A provider as we speak to it, and as people do."""

    ours: IdentityProvider
    theirs: FakeIdentity | Provider

    async def browse(self, url: str, user: str) -> Answer:
        if isinstance(self.theirs, FakeIdentity):
            said = self.theirs.browse(url, user)
            return Answer(said["code"], said["iss"])
        back = await asyncio.to_thread(self.theirs.browse, url, user, self.theirs.users[user])
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        assert query["state"] == LOGIN.state
        return Answer(query["code"], query.get("iss"))

    async def signed_in(self, user: str) -> Any:
        answer = await self.browse(await self.ours.authorization_url(LOGIN, RETURN), user)
        return await self.ours.redeem(answer, LOGIN, RETURN)

    async def shut_out(self, user: str, *, out: bool) -> None:
        if isinstance(self.theirs, FakeIdentity):
            (self.theirs.disabled.add if out else self.theirs.disabled.discard)(user)
        else:
            await asyncio.to_thread(self.theirs.disable if out else self.theirs.enable, user)


def settings_of(provider: Provider, kind: str, **more: Any) -> OidcSettings:
    client = provider.client if kind == "confidential" else provider.public_client
    return OidcSettings.model_validate(
        {
            "issuer": provider.issuer,
            "client_id": client.client_id,
            "client_secret": client.secret,
            "admin_claim": provider.admin_claim,
        }
        | more
    )


REAL = [
    pytest.param((provider, kind), id=f"{provider}-{kind}", marks=[pytest.mark.identity, *MARKS[provider]])
    for provider in MARKS
    for kind in ("confidential", "public")
]


@pytest.fixture(params=["fake", *REAL])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "fake":
        fake = FakeIdentity(SystemClock())
        for name in ("alice", "bob", "admin"):
            fake.knows(name, admin=name == "admin")
        yield Place(fake, fake)
        return
    fixture, kind = request.param
    provider: Provider = request.getfixturevalue(fixture)
    await asyncio.to_thread(provider.allow, BASE)
    ours = OidcProvider(settings_of(provider, kind))
    yield Place(ours, provider)
    await ours.close()


async def test_somebody_signs_in(place: Place) -> None:
    alice, admin = await place.signed_in("alice"), await place.signed_in("admin")
    assert alice.identity.subject != admin.identity.subject
    assert alice.identity.issuer == admin.identity.issuer
    assert "alice" in (alice.identity.email or "") or "alice" in alice.identity.name.lower()
    assert [alice.identity.is_admin, admin.identity.is_admin] == [False, True]
    assert alice.refresh_token
    assert alice.id_token
    again = await place.signed_in("alice")
    assert again.identity.subject == alice.identity.subject


async def test_a_code_counts_once(place: Place) -> None:
    answer = await place.browse(await place.ours.authorization_url(LOGIN, RETURN), "alice")
    assert await place.ours.redeem(answer, LOGIN, RETURN)
    with pytest.raises(Unauthorized):
        await place.ours.redeem(answer, LOGIN, RETURN)


@pytest.mark.parametrize("wrong", ["verifier", "nonce"])
async def test_what_belongs_to_another_attempt_is_refused(place: Place, wrong: str) -> None:
    answer = await place.browse(await place.ours.authorization_url(LOGIN, RETURN), "alice")
    other = replace(LOGIN, **{wrong: "x" * 43})
    with pytest.raises(Unauthorized):
        await place.ours.redeem(answer, other, RETURN)


async def test_an_answer_of_another_issuer_is_refused_before_the_code_travels(place: Place) -> None:
    answer = await place.browse(await place.ours.authorization_url(LOGIN, RETURN), "alice")
    with pytest.raises(Unauthorized):
        await place.ours.redeem(replace(answer, issuer="https://evil.example"), LOGIN, RETURN)


async def test_an_invented_code_is_refused(place: Place) -> None:
    with pytest.raises(Unauthorized):
        await place.ours.redeem(Answer("invented", place_issuer(place)), LOGIN, RETURN)


async def test_a_renewal_is_about_the_same_person(place: Place) -> None:
    first = await place.signed_in("alice")
    renewed = await place.ours.renew(first.refresh_token, first.identity.subject)
    assert renewed.identity.subject == first.identity.subject
    last = renewed.refresh_token or first.refresh_token
    assert (await place.ours.renew(last, first.identity.subject)).identity.subject == first.identity.subject
    bob = await place.signed_in("bob")
    with pytest.raises(Unauthorized):
        await place.ours.renew(bob.refresh_token, first.identity.subject)


async def test_somebody_who_was_shut_out_is_not_renewed(place: Place) -> None:
    signed = await place.signed_in("bob")
    await place.shut_out("bob", out=True)
    try:
        with pytest.raises(Unauthorized):
            await place.ours.renew(signed.refresh_token, signed.identity.subject)
    finally:
        await place.shut_out("bob", out=False)


async def test_there_is_a_form_for_signing_out(place: Place) -> None:
    signed = await place.signed_in("alice")
    form = await place.ours.logout_form(signed.id_token, f"{BASE}/")
    assert form is not None
    assert form.fields["id_token_hint"] == signed.id_token
    assert form.fields["post_logout_redirect_uri"] == f"{BASE}/"
    assert signed.id_token not in repr(form)


async def test_what_is_no_logout_token_is_refused(place: Place) -> None:
    signed = await place.signed_in("alice")
    for token in ("", "guess", "a.b.c", signed.id_token):
        with pytest.raises(Unauthorized):
            await place.ours.read_logout(token)


def place_issuer(place: Place) -> str:
    return place.theirs.issuer if not isinstance(place.theirs, FakeIdentity) else "https://id.example.org"


# --- of real ones only -----------------------------------------------------------------------------------------


async def test_a_new_key_signs_nobody_out(provider: Provider) -> None:
    await asyncio.to_thread(provider.allow, BASE)
    ours = OidcProvider(settings_of(provider, "confidential"))
    place = Place(ours, provider)
    try:
        before = await place.signed_in("alice")
        await asyncio.to_thread(provider.rotate_keys)
        renewed = await ours.renew(before.refresh_token, before.identity.subject)
        assert renewed.id_token
        assert (await place.signed_in("alice")).identity.subject == before.identity.subject
    finally:
        await ours.close()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"issuer": "/"}, Unavailable),
        ({"client_id": "nobody"}, Unavailable),
        ({"client_secret": "wrong"}, Unavailable),
    ],
    ids=["issuer", "client", "secret"],
)
async def test_what_is_set_up_wrongly_is_told_to_the_operator(
    provider: Provider, wrong: dict[str, str], error: type[Exception]
) -> None:
    await asyncio.to_thread(provider.allow, BASE)
    more = {"issuer": provider.issuer + "/"} if "issuer" in wrong else wrong
    good = OidcProvider(settings_of(provider, "confidential"))
    ours = OidcProvider(settings_of(provider, "confidential", **more))
    try:
        answer = await Place(good, provider).browse(await good.authorization_url(LOGIN, RETURN), "alice")
        with pytest.raises(error):
            await ours.redeem(answer, LOGIN, RETURN)
    finally:
        await good.close()
        await ours.close()


async def test_a_provider_that_is_not_there_is_unavailable() -> None:
    ours = OidcProvider(OidcSettings(issuer="http://127.0.0.1:9", client_id="opm", timeout=2))
    try:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await ours.authorization_url(LOGIN, RETURN)
    finally:
        await ours.close()
