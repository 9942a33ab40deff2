"""One's own sign-ins, personal access tokens, and what administrators may do to people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from opm.server.db.models import AuthSession, IdempotencyKey
from tests.fakes.clock import MovedClock
from tests.server.api.door import Door, all_rows, open_ports, settings_for
from tests.server.api.test_oidc import fault, status


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path), clock) as ports:
        yield Door(ports, clock, tmp_path / "web")


@pytest.fixture
async def browser(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with door.browser() as client:
        await door.sign_in(client)
        yield client


@asynccontextmanager
async def program(door: Door, browser: httpx.AsyncClient, scope: str = "write") -> AsyncIterator[httpx.AsyncClient]:
    made = await browser.post("/api/auth/tokens", json={"name": "report", "scope": scope, "days": 30})
    assert made.status_code == 201, made.text
    async with door.client(Authorization=f"Bearer {made.json()['secret']}") as client:
        yield client


# --- the token of a page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["", "guess", "\xe9"])
async def test_a_page_without_its_token_changes_nothing(browser: httpx.AsyncClient, shown: str) -> None:
    good = browser.headers.pop("X-CSRF-Token")
    headers = {b"X-CSRF-Token": shown.encode("latin-1")} if shown else {}
    assert fault(await browser.post("/api/things", json={"size": 1}, headers=headers)) == (403, "csrf")
    assert await status(browser) == 200, "reading needs none"
    answer = await browser.post("/api/things", json={"size": 1}, headers={"X-CSRF-Token": good})
    assert answer.status_code == 200


async def test_the_token_of_another_sign_in_does_not_serve(door: Door, browser: httpx.AsyncClient) -> None:
    async with door.browser() as other:
        await door.sign_in(other)
        stolen = {"X-CSRF-Token": other.headers["X-CSRF-Token"]}
        assert fault(await browser.post("/api/things", json={"size": 1}, headers=stolen)) == (403, "csrf")


async def test_a_program_needs_no_such_token(door: Door) -> None:
    async with door.client(Authorization=f"Bearer {await door.bearer()}") as client:
        assert (await client.post("/api/things", json={"size": 1})).status_code == 200
        assert (await client.get("/api/auth/me")).json()["csrf_token"] is None


# --- sign-ins --------------------------------------------------------------------------------------------------


async def test_browsers_are_listed_and_signed_out_one_by_one(door: Door, browser: httpx.AsyncClient) -> None:
    async with door.browser(**{"User-Agent": "Other/1"}) as other:
        await door.sign_in(other)
        listed = (await browser.get("/api/auth/sign-ins")).json()["items"]
        assert [one["current"] for one in listed] == [False, True]
        assert listed[0]["user_agent"] == "Other/1"
        assert (await browser.delete(f"/api/auth/sign-ins/{listed[0]['id']}")).status_code == 204
        assert [await status(other), await status(browser)] == [401, 200]
        assert fault(await browser.delete(f"/api/auth/sign-ins/{listed[0]['id']}")) == (404, "NOT_FOUND")


async def test_signing_out_everywhere_leaves_no_browser(door: Door, browser: httpx.AsyncClient) -> None:
    async with door.browser() as other, program(door, browser) as client:
        await door.sign_in(other)
        assert (await browser.post("/api/auth/logout/everywhere")).status_code == 204
        assert [await status(other), await status(browser), await status(client)] == [401, 401, 200]
        assert (await other.post("/api/auth/refresh")).status_code == 401


# --- personal access tokens ------------------------------------------------------------------------------------


async def test_a_token_acts_for_its_person_until_it_is_deleted(door: Door, browser: httpx.AsyncClient) -> None:
    async with program(door, browser) as client:
        assert (await client.post("/api/things", json={"size": 1})).status_code == 200
        (token,) = (await browser.get("/api/auth/tokens")).json()["items"]
        assert (token["name"], token["scope"]) == ("report", "write")
        assert "secret" not in token
        assert token["last_seen_at"] is not None
        assert (await browser.delete(f"/api/auth/tokens/{token['id']}")).status_code == 204
        assert await status(client) == 401
        assert (await browser.get("/api/auth/tokens")).json()["items"] == []


async def test_a_token_that_may_read_changes_nothing(door: Door, browser: httpx.AsyncClient) -> None:
    async with program(door, browser, "read") as client:
        assert await status(client) == 200
        assert fault(await client.post("/api/things", json={"size": 1})) == (403, "read_only_token")


async def test_a_token_ends(door: Door, browser: httpx.AsyncClient) -> None:
    async with program(door, browser) as client:
        door.clock.pass_by(days=30)
        assert await status(client) == 401


async def test_a_token_cannot_make_itself_at_home(door: Door, browser: httpx.AsyncClient) -> None:
    async with program(door, browser) as client:
        for method, place in (
            ("GET", "/api/auth/tokens"),
            ("GET", "/api/auth/sign-ins"),
            ("GET", "/api/users"),
            ("POST", "/api/auth/logout/everywhere"),
        ):
            assert fault(await client.request(method, place)) == (403, "personal_token")
        assert fault(await client.post("/api/auth/tokens", json={"name": "x"})) == (403, "personal_token")
        assert (await client.post("/api/auth/logout")).status_code == 403


async def test_a_token_is_kept_as_a_hash_and_shown_once(door: Door, browser: httpx.AsyncClient) -> None:
    once = {"Idempotency-Key": "one"}
    first = await browser.post("/api/auth/tokens", json={"name": "report"}, headers=once)
    again = await browser.post("/api/auth/tokens", json={"name": "report"}, headers=once)
    secret = first.json()["secret"]
    assert secret.startswith("opm_pat_")
    assert again.json() == first.json() | {"secret": None}
    assert again.headers["idempotency-replayed"] == "true"
    kept = repr([vars(row) for row in await all_rows(door, AuthSession) + await all_rows(door, IdempotencyKey)])
    assert secret not in kept
    assert secret.removeprefix("opm_pat_") not in kept


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "days": 0},
        {"name": "x", "days": 367},
        {"name": "x", "scope": "all"},
        {"name": "x", "user_id": "1"},
    ],
)
async def test_odd_tokens_are_not_made(browser: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await browser.post("/api/auth/tokens", json=body)).status_code == 400


async def test_two_ways_of_saying_who_one_is_contradict_each_other(door: Door, browser: httpx.AsyncClient) -> None:
    token = await door.bearer()
    twice = httpx.Headers([("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")])
    async with door.client() as client:
        assert (await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200
        assert (await client.get("/api/auth/me", headers=twice)).status_code == 401


# --- people ----------------------------------------------------------------------------------------------------


async def test_only_administrators_see_people(browser: httpx.AsyncClient) -> None:
    for method, place in (("GET", ""), ("PATCH", "/00000000-0000-7000-8000-000000000000")):
        answer = await browser.request(method, f"/api/users{place}", json={"disabled": True})
        assert fault(answer) == (403, "FORBIDDEN")


async def test_an_administrator_shuts_out_everything_of_a_person_but_not_themselves(
    door: Door, browser: httpx.AsyncClient
) -> None:
    async with door.ports.scope() as scope:
        (await scope.users.ensure_local_user()).is_admin = True
    (me,) = (await browser.get("/api/users", params={"q": "LOC"})).json()["items"] or (
        await browser.get("/api/users")
    ).json()["items"]
    assert me["is_admin"]
    assert fault(await browser.patch(f"/api/users/{me['id']}", json={"disabled": True})) == (409, "CONFLICT")
    assert (await browser.get("/api/users", params={"q": "nobody at all"})).json()["items"] == []
    async with program(door, browser) as client:
        assert (await browser.post(f"/api/users/{me['id']}/sign-out")).status_code == 204
        assert [await status(client), await status(browser)] == [401, 401]
