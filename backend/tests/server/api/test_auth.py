"""Signing in through the door: cookies for browsers, tokens for programs, and everything that must not work."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from fastapi import WebSocket

from opm.server.api.deps import PortsDep, authenticate_socket
from opm.server.api.signins import SignIns
from opm.server.core.errors import Unauthorized
from opm.server.core.tokens import AccessClaims, AccessTokens
from tests.fakes.clock import MovedClock
from tests.server.api.door import ORIGIN, Door, open_ports, settings_for

HTTPS = {"public_url": "https://opm.example.org"}


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


def kind(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["status"] == answer.status_code
    return answer.status_code, error["type"]


UNAUTHORIZED = (401, "UNAUTHORIZED")


async def test_a_launch_address_signs_in_once(door: Door) -> None:
    token = await door.launch_token()
    async with door.browser() as first, door.browser() as second:
        answer = await first.post("/api/auth/launch", json={"token": token})
        assert answer.status_code == 200
        assert answer.json()["access_token"] is None
        me = (await first.get("/api/auth/me")).json()
        assert me["sign_in"] == "launch"
        assert me["user"]["id"] == answer.json()["user"]["id"]
        assert me["user"]["last_login_at"] is not None
        assert kind(await second.post("/api/auth/launch", json={"token": token})) == UNAUTHORIZED
        assert kind(await second.get("/api/auth/me")) == UNAUTHORIZED


async def test_cookies_cannot_be_read_and_travel_no_further_than_needed(door: Door) -> None:
    async with door.browser() as client:
        cookies = (await door.sign_in(client)).headers.get_list("set-cookie")
    access, refresh = sorted(cookies, key=lambda cookie: "refresh" in cookie.partition("=")[0])
    assert access.startswith("opm_session_8400=ey")
    assert "HttpOnly" in access
    assert "Path=/;" in access
    assert "SameSite=lax" in access
    assert refresh.startswith("opm_refresh_8400=")
    assert "HttpOnly" in refresh
    assert "Path=/api/auth;" in refresh
    assert "SameSite=strict" in refresh
    assert "Secure" not in access + refresh


async def test_behind_https_cookies_are_bound_to_it(tmp_path: Path) -> None:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path, **HTTPS), clock) as ports:
        door = Door(ports, clock, tmp_path)
        async with door.client(Host="opm.example.org", Origin="https://opm.example.org") as client:
            answer = await door.sign_in(client)
    access, refresh = sorted(answer.headers.get_list("set-cookie"))
    assert access.startswith("__Host-opm_session=")
    assert refresh.startswith("__Secure-opm_refresh=")
    assert all("; Secure" in cookie for cookie in (access, refresh))
    assert "max-age=" in answer.headers["strict-transport-security"]


async def test_programs_get_a_token_and_pages_never_do(door: Door) -> None:
    token = await door.bearer()
    async with door.client(Authorization=f"Bearer {token}") as program:
        assert (await program.get("/api/auth/me")).status_code == 200
        assert (await program.post("/api/things", json={"size": 1})).status_code == 200
    async with door.browser(**{"X-OPM-Client": "api"}) as page:
        assert (await door.sign_in(page)).json()["access_token"] is None


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic dTpw", "nonsense", "Bearer " + "a" * 10_000])
async def test_a_wrong_header_is_not_made_good_by_a_cookie(browser: httpx.AsyncClient, header: str) -> None:
    answer = await browser.get("/api/auth/me", headers={"Authorization": header})
    assert kind(answer) == UNAUTHORIZED
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_ended_access_token_is_renewed(door: Door, browser: httpx.AsyncClient) -> None:
    token = browser.cookies["opm_session_8400"]
    door.clock.pass_by(hours=1, seconds=1)
    async with door.client(Authorization=f"Bearer {token}") as late:
        answer = await late.get("/api/auth/me")
        assert kind(answer) == UNAUTHORIZED
        assert answer.json()["error"]["details"] == {"reason": "expired"}
    assert (await browser.post("/api/auth/refresh")).status_code == 200
    assert (await browser.get("/api/auth/me")).status_code == 200


async def test_two_tabs_that_renew_at_once_stay_signed_in(door: Door, browser: httpx.AsyncClient) -> None:
    shared = browser.cookies["opm_refresh_8400"]
    async with door.browser(Cookie=f"opm_refresh_8400={shared}") as tab:
        assert (await browser.post("/api/auth/refresh")).status_code == 200
        door.clock.pass_by(seconds=5)
        assert (await tab.post("/api/auth/refresh")).status_code == 200
    assert (await browser.get("/api/auth/me")).status_code == 200
    assert (await browser.post("/api/auth/refresh")).status_code == 200


async def test_a_copied_refresh_token_ends_the_sign_in_for_all(door: Door, browser: httpx.AsyncClient) -> None:
    copied = browser.cookies["opm_refresh_8400"]
    assert (await browser.post("/api/auth/refresh")).status_code == 200
    door.clock.pass_by(seconds=11)
    async with door.browser(Cookie=f"opm_refresh_8400={copied}") as thief:
        assert kind(await thief.post("/api/auth/refresh")) == UNAUTHORIZED
    assert kind(await browser.get("/api/auth/me")) == UNAUTHORIZED
    assert kind(await browser.post("/api/auth/refresh")) == UNAUTHORIZED


async def test_signing_out_ends_the_sign_in_everywhere(door: Door, browser: httpx.AsyncClient) -> None:
    kept = dict(browser.cookies)
    answer = await browser.post("/api/auth/logout")
    assert answer.status_code == 200
    assert answer.json() == {"url": None, "fields": {}}
    assert not browser.cookies
    async with door.browser(Cookie="; ".join(f"{name}={value}" for name, value in kept.items())) as copy:
        assert kind(await copy.get("/api/auth/me")) == UNAUTHORIZED
        assert kind(await copy.post("/api/auth/refresh")) == UNAUTHORIZED


async def test_signing_out_works_after_the_access_token_ended(door: Door, browser: httpx.AsyncClient) -> None:
    refresh = browser.cookies["opm_refresh_8400"]
    door.clock.pass_by(hours=2)
    assert (await browser.post("/api/auth/logout")).status_code == 200
    async with door.browser(Cookie=f"opm_refresh_8400={refresh}") as copy:
        assert kind(await copy.post("/api/auth/refresh")) == UNAUTHORIZED


async def test_strangers_are_told_so(door: Door) -> None:
    async with door.browser() as stranger:
        assert kind(await stranger.get("/api/auth/me")) == UNAUTHORIZED
        assert kind(await stranger.post("/api/auth/refresh")) == UNAUTHORIZED
        assert kind(await stranger.post("/api/things", json={"size": 1})) == UNAUTHORIZED
        assert (await stranger.post("/api/auth/logout")).status_code == 200
        assert kind(await stranger.post("/api/auth/launch", json={"token": "guess"})) == UNAUTHORIZED
        assert kind(await stranger.post("/api/auth/launch", json={"token": ""}))[0] == 400


async def test_tokens_are_in_no_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = await door.launch_token()
    with structlog.testing.capture_logs() as lines:
        async with door.browser() as client:
            await client.post("/api/auth/launch", json={"token": token})
            await client.post("/api/auth/launch", json={"token": token})
            secrets = [token, *client.cookies.values()]
            await client.get("/api/auth/me", params={"token": token})
    assert len(secrets) == 3
    assert [line["status"] for line in lines if line["event"] == "request"] == [200, 401, 200]
    written = [record.getMessage() for record in caplog.records if record.name != "httpx"] + [str(lines)]
    assert not [secret for secret in secrets if any(secret in text for text in written)]


async def end_elsewhere(door: Door, client: httpx.AsyncClient) -> None:
    """As another process would: nothing here is told."""
    family = (await me_claims(door, client)).auth_session
    async with door.ports.scope() as scope:
        await scope.users.logout(family, None)


async def me_claims(door: Door, client: httpx.AsyncClient) -> AccessClaims:
    tokens = AccessTokens(lambda: door.ports.cipher.derive_all("jwt-access"))
    return tokens.verify(client.cookies["opm_session_8400"], door.clock.now())


async def test_a_sign_in_that_ended_in_another_process_ends_here_within_seconds(
    door: Door, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/api/auth/me")).status_code == 200
    await end_elsewhere(door, browser)
    door.clock.pass_by(seconds=2)
    assert kind(await browser.get("/api/auth/me")) == UNAUTHORIZED


async def test_an_ended_sign_in_is_not_remembered_by_a_request_that_was_under_way(door: Door) -> None:
    async with door.browser() as client:
        await door.sign_in(client)
        signins = SignIns(door.ports)
        token = client.cookies["opm_session_8400"]
        asked = asyncio.create_task(signins.require(token))
        await asyncio.sleep(0)  # it is reading
        signins.forget()
        await asked
        await end_elsewhere(door, client)
        with pytest.raises(Unauthorized):
            await signins.require(token)


async def test_looking_up_happens_once_in_a_while(door: Door, browser: httpx.AsyncClient) -> None:
    signins = SignIns(door.ports)
    token = browser.cookies["opm_session_8400"]
    await signins.require(token)
    await end_elsewhere(door, browser)
    assert (await signins.require(token)).name
    signins.forget()
    with pytest.raises(Unauthorized):
        await signins.require(token)


class Handshake:
    """One socket's side of ASGI: what it sent, and the events it got."""

    def __init__(self, door: Door, **headers: str) -> None:
        given = {"host": urlsplit(ORIGIN).netloc} | headers
        self.events: list[dict[str, object]] = []
        self.scope = {
            "type": "websocket",
            "path": "/api/socket",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5),
            "subprotocols": [],
        }
        self.door = door

    async def run(self) -> list[tuple[object, object]]:
        async def receive() -> dict[str, object]:
            return {"type": "websocket.connect"}

        async def send(message: object) -> None:
            assert isinstance(message, dict)
            self.events.append(message)

        await self.door.app(self.scope, receive, send)
        return [(event["type"], event.get("code")) for event in self.events]


@pytest.fixture
def socketed(door: Door) -> Door:
    @door.app.websocket("/api/socket")
    async def socket(websocket: WebSocket, ports: PortsDep) -> None:
        if await authenticate_socket(websocket, ports) is not None:
            await websocket.accept()

    return door


OPEN, CLOSE = "websocket.accept", "websocket.close"


async def test_a_socket_from_our_page_is_opened(socketed: Door, browser: httpx.AsyncClient) -> None:
    cookie = f"opm_session_8400={browser.cookies['opm_session_8400']}"
    assert await Handshake(socketed, origin=ORIGIN, cookie=cookie).run() == [(OPEN, None)]


@pytest.mark.parametrize(
    "origin", [None, "null", "http://127.0.0.1:9999", "https://127.0.0.1:8400", "http://evil.example", ORIGIN + "/"]
)
async def test_a_socket_from_elsewhere_is_turned_away_before_the_handshake(
    socketed: Door, browser: httpx.AsyncClient, origin: str | None
) -> None:
    headers = {"cookie": f"opm_session_8400={browser.cookies['opm_session_8400']}"}
    if origin is not None:
        headers["origin"] = origin
    assert await Handshake(socketed, **headers).run() == [(CLOSE, 4403)]


async def test_a_program_opens_a_socket_without_an_origin(socketed: Door) -> None:
    shown = {"authorization": f"Bearer {await socketed.bearer()}"}
    assert await Handshake(socketed, **shown).run() == [(OPEN, None)]
    assert await Handshake(socketed, host="evil.example", **shown).run() == [(CLOSE, 4403)]


async def test_a_socket_of_an_ended_sign_in_is_told_to_sign_in_again(
    socketed: Door, browser: httpx.AsyncClient
) -> None:
    cookie = f"opm_session_8400={browser.cookies['opm_session_8400']}"
    await browser.post("/api/auth/logout")
    assert await Handshake(socketed, origin=ORIGIN, cookie=cookie).run() == [(OPEN, None), (CLOSE, 4401)]
