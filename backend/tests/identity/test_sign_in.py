"""The product and real providers, over real HTTP: in, on, and out again, whoever says that it is over."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import websockets

from opm.server.api.realtime import live
from opm.server.clients.oidc.provider import OidcProvider
from opm.server.core.settings import OidcSettings
from tests.fakes.clock import MovedClock
from tests.identity.provider import LoginRefused, Provider, ProviderBrowser
from tests.server.api.door import Door, open_ports, settings_for
from tests.serving import serving


class TickingClock(MovedClock):
    """The real time, and what a test adds to it: the provider's clock is not ours to move."""

    def __init__(self) -> None:
        super().__init__()
        self.began = self.moment

    def now(self) -> datetime:
        return datetime.now(UTC) + (self.moment - self.began)


@dataclass
class Product:
    base: str
    provider: Provider
    clock: TickingClock

    def browser(self) -> httpx.AsyncClient:
        headers = {"Origin": self.base, "Sec-Fetch-Site": "same-origin"}
        return httpx.AsyncClient(base_url=self.base, headers=headers, trust_env=False, timeout=30)

    async def begin(self, client: httpx.AsyncClient, next_path: str = "/") -> str:
        answer = await client.post("/api/auth/oidc/login", json={"next": next_path})
        assert answer.status_code == 200, answer.text
        return answer.json()["authorization_url"]

    async def answer_of(self, url: str, user: str, there: ProviderBrowser | None = None) -> dict[str, str]:
        password = self.provider.users[user]
        if there is None:
            back = await asyncio.to_thread(self.provider.browse, url, user, password)
        else:
            back = await asyncio.to_thread(there.authorize, url, user, password)
        assert back.startswith(f"{self.base}/auth/callback?")
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        return {name: query[name] for name in ("code", "state", "iss") if name in query}

    async def enter(self, client: httpx.AsyncClient, user: str, there: ProviderBrowser | None = None) -> dict[str, Any]:
        said = await self.answer_of(await self.begin(client, "/p/tea"), user, there)
        answer = await client.post("/api/auth/oidc/callback", json=said)
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return answer.json()

    async def at_the_provider(self, action: Callable[[str], None], user: str) -> None:
        await asyncio.to_thread(action, user)


@pytest.fixture
async def product(provider: Provider, tmp_path: Path) -> AsyncIterator[Product]:
    async with opened(provider, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(provider: Provider, folder: Path, *, public: bool = False) -> AsyncIterator[Product]:
    client = provider.public_client if public else provider.client
    oidc = OidcSettings.model_validate(
        {
            "issuer": provider.issuer,
            "client_id": client.client_id,
            "client_secret": client.secret,
            "admin_claim": provider.admin_claim,
            "recheck": timedelta(minutes=10),
        }
    )
    clock = TickingClock()
    identity = OidcProvider(oidc)
    async with open_ports(settings_for(folder, oidc=oidc), clock, identity=identity) as ports:
        door = Door(ports, clock, folder / "web")
        door.app.websocket("/api/ws")(live)
        async with serving(door.app) as address:
            await asyncio.to_thread(provider.allow, f"http://{address}")
            yield Product(f"http://{address}", provider, clock)
    await identity.close()


async def status(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/auth/me")).status_code


async def within(seconds: float, look: Callable[[], Awaitable[bool]]) -> float:
    began = asyncio.get_running_loop().time()
    while not await look():
        assert asyncio.get_running_loop().time() - began < seconds, "it took too long"
        await asyncio.sleep(0.1)
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
async def test_somebody_signs_in_and_is_who_they_are(provider: Provider, tmp_path: Path, public: bool) -> None:
    async with (
        opened(provider, tmp_path, public=public) as product,
        product.browser() as alice,
        product.browser() as admin,
    ):
        said = await product.enter(alice, "alice")
        assert said["next"] == "/p/tea"
        me = (await alice.get("/api/auth/me")).json()
        assert "alice" in (me["user"]["email"] or me["user"]["name"]).lower()
        assert me["user"]["is_admin"] is False
        assert (await alice.get("/api/users")).status_code == 403
        await product.enter(admin, "admin")
        assert {one["id"] for one in (await admin.get("/api/users")).json()["items"]} >= {me["user"]["id"]}
        assert (await alice.post("/api/auth/refresh")).status_code == 200
        assert await status(alice) == 200


async def test_a_replayed_answer_signs_nobody_in(product: Product) -> None:
    async with product.browser() as alice, product.browser() as thief:
        said = await product.answer_of(await product.begin(alice), "alice")
        await product.begin(thief)
        assert (await thief.post("/api/auth/oidc/callback", json=said)).status_code == 400
        assert (await alice.post("/api/auth/oidc/callback", json=said)).status_code == 200
        assert (await alice.post("/api/auth/oidc/callback", json=said)).status_code == 400
        # a fresh attempt of one's own, with a code that was spent
        state = parse_qs(urlsplit(await product.begin(thief)).query)["state"][0]
        stolen = said | {"state": state}
        assert (await thief.post("/api/auth/oidc/callback", json=stolen)).status_code == 401
        assert await status(thief) == 401


async def test_a_code_of_another_attempt_is_refused(product: Product) -> None:
    """Somebody else's fresh code, put into one's own attempt: PKCE and nonce are of another one."""
    async with product.browser() as alice, product.browser() as bob:
        code = (await product.answer_of(await product.begin(bob), "bob"))["code"]
        said = await product.answer_of(await product.begin(alice), "alice")
        assert (await alice.post("/api/auth/oidc/callback", json=said | {"code": code})).status_code == 401
        assert await status(alice) == 401


async def test_who_is_disabled_at_the_provider_does_not_come_in(product: Product) -> None:
    async with product.browser() as carol:
        url = await product.begin(carol)
        with pytest.raises(LoginRefused):
            await product.answer_of(url, "carol")


async def test_who_is_disabled_later_is_out_at_the_next_check(product: Product) -> None:
    async with product.browser() as bob:
        await product.enter(bob, "bob")
        product.clock.pass_by(minutes=11)
        assert await status(bob) == 200
        await product.at_the_provider(product.provider.disable, "bob")
        try:
            product.clock.pass_by(minutes=11)
            assert await status(bob) == 401
            assert (await bob.post("/api/auth/refresh")).status_code == 401
        finally:
            await product.at_the_provider(product.provider.enable, "bob")


async def test_new_keys_of_the_provider_fail_no_request(product: Product) -> None:
    async with product.browser() as alice, product.browser() as bob:
        await product.enter(alice, "alice")
        await asyncio.to_thread(product.provider.rotate_keys)
        await product.enter(bob, "bob")
        product.clock.pass_by(minutes=11)
        assert [await status(alice), await status(bob)] == [200, 200]


async def test_leaving_ends_the_session_at_the_provider_too(product: Product) -> None:
    there = await asyncio.to_thread(product.provider.session)
    async with product.browser() as alice:
        await product.enter(alice, "alice", there)
        await product.enter(alice, "alice", there)
        assert there.prompted is False, "the provider still knows this browser"
        form = (await alice.post("/api/auth/logout")).json()
        assert await status(alice) == 401
        end = await asyncio.to_thread(there.end_session, form["url"], form["fields"])
        assert end.partition("?")[0] == f"{product.base}/"
        await product.enter(alice, "alice", there)
        assert there.prompted is True, "the provider has forgotten this browser"
    await asyncio.to_thread(there.close)


async def test_leaving_the_provider_closes_everything_here_within_five_seconds(product: Product) -> None:
    async with product.browser() as alice, product.browser() as bob:
        await product.enter(alice, "alice")
        await product.enter(bob, "bob")
        cookie = "; ".join(f"{name}={value}" for name, value in alice.cookies.items())
        address = product.base.replace("http", "ws", 1) + "/api/ws"
        headers = {"Cookie": cookie}
        async with websockets.connect(address, origin=product.base, additional_headers=headers, proxy=None) as socket:  # pyright: ignore[reportArgumentType]
            assert json.loads(await socket.recv())["type"] == "welcome"
            await product.at_the_provider(product.provider.sign_out, "alice")

            async def gone() -> bool:
                return await status(alice) == 401

            assert await within(5, gone) < 5
            async with asyncio.timeout(5):
                await socket.wait_closed()
            assert socket.close_code == 4401
        assert await status(bob) == 200
        assert (await alice.post("/api/auth/refresh")).status_code == 401
