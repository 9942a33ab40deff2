"""Sign-in through an identity provider at the door: once, in time, in the browser that left, and ended when it ends."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from opm.server.core.settings import OidcSettings
from opm.server.db.models import AuditLog, AuthSession, LoginAttempt, User
from tests.fakes.clock import MovedClock
from tests.fakes.identity import ISSUER, FakeIdentity
from tests.server.api.door import ORIGIN, Door, all_rows, open_ports, settings_for

OIDC = OidcSettings(issuer=ISSUER, client_id="opm", name="Keycloak")


class Provided(Door):
    """A door with a provider that knows ada, who administers, and bob."""

    identity: FakeIdentity

    async def begin(self, client: httpx.AsyncClient, next_path: str = "/") -> str:
        answer = await client.post("/api/auth/oidc/login", json={"next": next_path})
        assert answer.status_code == 200, answer.text
        return answer.json()["authorization_url"]

    async def come_back(self, client: httpx.AsyncClient, said: dict[str, str]) -> httpx.Response:
        return await client.post("/api/auth/oidc/callback", json=said)

    async def enter(self, client: httpx.AsyncClient, subject: str = "ada", next_path: str = "/") -> dict[str, Any]:
        answer = await self.come_back(client, self.identity.browse(await self.begin(client, next_path), subject))
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return answer.json()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Provided]:
    clock = MovedClock()
    identity = FakeIdentity(clock)
    identity.knows("ada", admin=True)
    identity.knows("bob")
    async with open_ports(settings_for(tmp_path, oidc=OIDC), clock, identity=identity) as ports:
        made = Provided(ports, clock, tmp_path / "web")
        made.identity = identity
        yield made


@pytest.fixture
async def browser(door: Provided) -> AsyncIterator[httpx.AsyncClient]:
    async with door.browser() as client:
        yield client


def fault(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    return answer.status_code, error["details"].get("reason") or error["details"].get("field") or error["type"]


async def status(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/auth/me")).status_code


async def test_somebody_signs_in_and_comes_back_to_where_they_were(door: Provided, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/api/auth/methods")).json() == {"launch": False, "provider": "Keycloak"}
    said = await door.enter(browser, next_path="/p/tea?tab=output")
    assert said["next"] == "/p/tea?tab=output"
    assert said["access_token"] is None
    me = (await browser.get("/api/auth/me")).json()
    assert (me["user"]["name"], me["user"]["is_admin"], me["sign_in"]) == ("Ada", True, "oidc")
    assert me["shared_machine"] is True
    assert me["csrf_token"] == said["csrf_token"]
    (user,) = await all_rows(door, User)
    assert (user.issuer, user.oidc_subject) == (ISSUER, "ada")


async def test_people_are_known_by_subject_and_not_by_address(door: Provided, browser: httpx.AsyncClient) -> None:
    first = (await door.enter(browser))["user"]["id"]
    door.identity.knows("ada", name="Ada Lovelace")
    assert (await door.enter(browser))["user"] == (await browser.get("/api/auth/me")).json()["user"]
    impostor = door.identity.knows("mallory")
    door.identity.people["mallory"] = type(impostor)(ISSUER, "mallory", "Ada", "ada@example.org")
    async with door.browser() as other:
        assert (await door.enter(other, "mallory"))["user"]["id"] != first
    assert [user.name for user in await all_rows(door, User)] == ["Ada Lovelace", "Ada"]


async def test_an_answer_counts_once(door: Provided, browser: httpx.AsyncClient) -> None:
    said = door.identity.browse(await door.begin(browser), "ada")
    assert (await door.come_back(browser, said)).status_code == 200
    assert fault(await door.come_back(browser, said)) == (400, "state")
    assert await all_rows(door, LoginAttempt) == []


async def test_an_answer_counts_in_the_browser_that_left_only(door: Provided, browser: httpx.AsyncClient) -> None:
    """Otherwise a link signs somebody in to the account of whoever made it."""
    said = door.identity.browse(await door.begin(browser), "bob")
    async with door.browser() as victim:
        assert fault(await door.come_back(victim, said)) == (400, "state")
        await door.begin(victim)
        assert fault(await door.come_back(victim, said)) == (400, "state")
        assert await status(victim) == 401
    assert (await door.come_back(browser, said)).status_code == 200


async def test_an_answer_that_comes_late_or_was_made_up_counts_for_nothing(
    door: Provided, browser: httpx.AsyncClient
) -> None:
    said = door.identity.browse(await door.begin(browser), "ada")
    for wrong in ({"state": "x" * 43}, {"code": "x"}):
        assert fault(await door.come_back(browser, said | wrong))[0] in {400, 401}
    said = door.identity.browse(await door.begin(browser), "ada")
    door.clock.pass_by(minutes=10)
    assert fault(await door.come_back(browser, said)) == (400, "state")
    for missing in ("code", "state"):
        less = {name: value for name, value in said.items() if name != missing}
        assert (await door.come_back(browser, less)).status_code == 400
    assert await status(browser) == 401
    lines = await all_rows(door, AuditLog)
    assert [(line.action, line.outcome, line.user_id) for line in lines] == [
        ("auth.sign_in_refused", "failure", None)
    ] * 3
    assert all(line.ip_address and line.user_agent for line in lines)


async def test_an_answer_of_another_issuer_is_refused(door: Provided, browser: httpx.AsyncClient) -> None:
    said = door.identity.browse(await door.begin(browser), "ada")
    answer = await door.come_back(browser, said | {"iss": "https://evil.example"})
    assert fault(answer) == (401, "UNAUTHORIZED")
    assert await status(browser) == 401


async def test_secrets_of_an_attempt_are_not_kept(door: Provided, browser: httpx.AsyncClient) -> None:
    url = httpx.URL(await door.begin(browser))
    (attempt,) = await all_rows(door, LoginAttempt)
    kept = repr(vars(attempt))
    cookie = browser.cookies["opm_login_8400"]
    for secret in (url.params["state"], url.params["nonce"], url.params["verifier"], cookie):
        assert len(secret) >= 43
        assert secret not in kept


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/ /x",
        "javascript:alert(1)",
        "p/tea",
        "",
        "/a\\b",
        "/x\r\nSet-Cookie: a=b",
    ],
)
async def test_nobody_is_led_elsewhere(door: Provided, browser: httpx.AsyncClient, path: str) -> None:
    assert (await door.enter(browser, next_path=path))["next"] == "/"


async def test_somebody_who_is_shut_out_stays_out(door: Provided, browser: httpx.AsyncClient) -> None:
    async with door.browser() as admin:
        await door.enter(admin)
        bob = (await door.enter(browser, "bob"))["user"]["id"]
        assert (await admin.patch(f"/api/users/{bob}", json={"disabled": True})).status_code == 200
        assert await status(browser) == 401
        assert (await browser.post("/api/auth/refresh")).status_code == 401
        said = door.identity.browse(await door.begin(browser), "bob")
        assert fault(await door.come_back(browser, said)) == (403, "disabled")
        assert (await admin.patch(f"/api/users/{bob}", json={"disabled": False})).status_code == 200
        await door.enter(browser, "bob")


async def test_launch_addresses_do_not_work_beside_a_provider(door: Provided, browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/api/auth/launch", json={"token": await door.launch_token()})
    assert fault(answer) == (403, "FORBIDDEN")


async def test_a_provider_that_is_down_is_said_to_be(door: Provided, browser: httpx.AsyncClient) -> None:
    await door.enter(browser)
    door.identity.down = True
    async with door.browser() as other:
        assert (await other.post("/api/auth/oidc/login", json={})).status_code == 503
    assert await status(browser) == 200
    door.clock.pass_by(minutes=11)
    assert await status(browser) == 200, "a sign-in lives on while the provider cannot be asked"
    answer = await browser.post("/api/auth/logout")
    assert answer.json() == {"url": None, "fields": {}}
    assert await status(browser) == 401


async def test_somebody_the_provider_shuts_out_is_out_within_a_quarter_of_an_hour(
    door: Provided, browser: httpx.AsyncClient
) -> None:
    await door.enter(browser, "bob")
    door.clock.pass_by(minutes=11)
    assert await status(browser) == 200
    assert door.identity.renewals == 1
    assert await status(browser) == 200
    assert door.identity.renewals == 1, "not with every request"
    door.identity.disabled.add("bob")
    door.clock.pass_by(minutes=11)
    assert await status(browser) == 401
    (row,) = await all_rows(door, AuthSession)
    assert (row.end_reason, row.refresh_encrypted, row.id_token_encrypted) == ("provider", None, None)


async def test_who_administers_is_asked_again(door: Provided, browser: httpx.AsyncClient) -> None:
    await door.enter(browser)
    assert (await browser.get("/api/users")).status_code == 200
    door.identity.knows("ada", admin=False)
    door.clock.pass_by(minutes=11)
    assert (await browser.get("/api/users")).status_code == 403


async def test_a_sign_in_that_cannot_be_checked_ends_by_itself(door: Provided, browser: httpx.AsyncClient) -> None:
    door.identity.gives_refresh = False
    await door.enter(browser)
    for _ in range(11):
        door.clock.pass_by(minutes=59)
        assert (await browser.post("/api/auth/refresh")).status_code == 200
    door.clock.pass_by(minutes=75)
    assert (await browser.post("/api/auth/refresh")).status_code == 401


async def test_signing_out_leads_to_the_provider(door: Provided, browser: httpx.AsyncClient) -> None:
    await door.enter(browser)
    answer = await browser.post("/api/auth/logout")
    fields = {"id_token_hint": "id-token-of-ada", "post_logout_redirect_uri": f"{ORIGIN}/"}
    assert answer.json() == {"url": f"{ISSUER}/logout", "fields": fields}
    assert await status(browser) == 401


async def test_the_provider_signs_people_out_here(door: Provided, browser: httpx.AsyncClient) -> None:
    await door.enter(browser, "bob")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    place = "/api/auth/oidc/backchannel-logout"
    async with door.browser() as ada, door.client() as provider:
        await door.enter(ada)
        for wrong in (
            "",
            "logout_token=guess",
            "logout_token=a&logout_token=b",
            "a=b",
            "&".join("a=b" for _ in "x" * 50),
        ):
            assert (await provider.post(place, content=wrong, headers=form)).status_code == 400
        assert await status(browser) == 200
        token = door.identity.notice("bob")
        assert (await provider.post(place, content=f"logout_token={token}", headers=form)).status_code == 200
        assert [await status(browser), await status(ada)] == [401, 200]
        (line,) = [line for line in await all_rows(door, AuditLog) if line.action == "auth.sign_out"]
        (bob,) = [user for user in await all_rows(door, User) if user.oidc_subject == "bob"]
        assert (line.details, line.user_id) == ({"method": "provider"}, bob.id)
        door.clock.pass_by(seconds=5)
        await door.enter(browser, "bob")
        assert (await provider.post(place, content=f"logout_token={token}", headers=form)).status_code == 200
        assert await status(browser) == 200, "a notice says nothing about later sign-ins"
        assert (await provider.post("/api/auth/refresh", content="a=b", headers=form)).status_code == 415


async def test_what_happens_is_in_the_audit_log_and_no_token_is(door: Provided, browser: httpx.AsyncClient) -> None:
    await door.enter(browser, "bob")
    await browser.post("/api/auth/logout")
    lines = await all_rows(door, AuditLog)
    assert [line.action for line in lines] == ["auth.sign_in", "auth.sign_out"]
    assert lines[0].details == {"method": "oidc"}
    kept = repr([vars(row) for row in lines + await all_rows(door, AuthSession)])
    assert "id-token-of" not in kept


async def test_a_page_may_send_a_form_to_the_provider_and_to_no_other_place(door: Provided, tmp_path: Path) -> None:
    """Which is how a browser ends the session there."""
    async with door.browser() as client:
        policy = (await client.get("/")).headers["content-security-policy"]
    assert policy.split("; ")[-1] == f"form-action 'self' {ISSUER}"
    without = tmp_path / "without"
    without.mkdir()
    async with (
        open_ports(settings_for(without), MovedClock()) as ports,
        Door(ports, MovedClock(), without).browser() as client,
    ):
        policy = (await client.get("/")).headers["content-security-policy"]
    assert policy.split("; ")[-1] == "form-action 'self'"
