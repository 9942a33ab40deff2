"""One real call to a provider: what it says comes back, its key does not, and it cannot lead elsewhere."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opm.server.clients.addresses import AddressGuard, for_providers
from opm.server.clients.providers import HttpProviders, Trial
from opm.server.core.errors import Invalid
from opm.server.core.settings import ProviderSettings, Settings

KEY = "sk-live-0123456789"


class Provider:
    """Answers every request the same way and remembers them."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.status = 200
        self.body: Any = {}
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.server = TestServer(self._app())

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        self.heard.append((request.path, dict(request.headers), await request.json()))
        await asyncio.sleep(self.delay)
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return web.Response(status=self.status, text=text, headers=self.headers)

    def trial(self, dialect: str = "openai-compatible", host: str = "127.0.0.1") -> Trial:
        return Trial(dialect=dialect, base_url=f"http://{host}:{self.server.port}/v1/", model="m", key=KEY)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.server.start_server()
    yield provider
    await provider.server.close()


def caller(folder: Path, seconds: float = 5, **providers: Any) -> HttpProviders:
    async def look_up(_: str) -> list[str]:
        return ["127.0.0.1"]

    return HttpProviders(
        AddressGuard(for_providers(Settings(data_dir=folder, providers=ProviderSettings(**providers))), look_up),
        seconds,
    )


@pytest.mark.parametrize(
    ("dialect", "path", "header", "body"),
    [
        ("openai-compatible", "/v1/chat/completions", "Authorization", {"choices": [{"message": {"content": "OK"}}]}),
        ("openrouter", "/v1/chat/completions", "Authorization", {"choices": [{"message": {"content": "OK"}}]}),
        ("openai", "/v1/responses", "Authorization", {"output": [{}, {"content": [{"text": "OK"}]}]}),
        ("anthropic", "/v1/messages", "x-api-key", {"content": [{"text": "OK"}]}),
        (
            "google",
            "/v1/models/m:generateContent",
            "x-goog-api-key",
            {"candidates": [{"content": {"parts": [{"text": "OK"}]}}]},
        ),
    ],
)
async def test_each_provider_is_spoken_to_in_its_own_way(
    tmp_path: Path, provider: Provider, dialect: str, path: str, header: str, body: Any
) -> None:
    provider.body = body
    heard = await caller(tmp_path).attempt(provider.trial(dialect))
    assert (heard.ok, heard.status, heard.message) == (True, 200, "OK")
    assert heard.latency_ms >= 0
    ((asked, headers, said),) = provider.heard
    assert (asked, said.get("model", "in the path")) == (path, "in the path" if dialect == "google" else "m")
    assert KEY in headers[header]


async def test_its_own_error_is_shown_without_the_key(tmp_path: Path, provider: Provider) -> None:
    provider.status, provider.body = 401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}
    heard = await caller(tmp_path).attempt(provider.trial())
    assert (heard.ok, heard.status) == (False, 401)
    assert heard.message == "Incorrect API key provided: [key]."
    provider.status, provider.body = 502, f"<h1>{KEY}</h1>" + "x" * 100_000
    heard = await caller(tmp_path).attempt(provider.trial())
    assert heard.message.startswith("<h1>[key]</h1>")
    assert len(heard.message) <= 600


async def test_a_redirect_is_not_followed(tmp_path: Path, provider: Provider) -> None:
    provider.status, provider.headers = 307, {"Location": "http://169.254.169.254/latest"}
    heard = await caller(tmp_path).attempt(provider.trial())
    assert (heard.ok, heard.status, len(provider.heard)) == (False, 307, 1)
    assert "redirect" in heard.message


async def test_the_connection_goes_to_the_judged_address(tmp_path: Path, provider: Provider) -> None:
    provider.body = {"choices": [{"message": {"content": "OK"}}]}
    heard = await caller(tmp_path).attempt(provider.trial(host="nowhere.invalid"))
    assert heard.ok
    with pytest.raises(Invalid):
        await caller(tmp_path, allow_private="never").attempt(provider.trial(host="nowhere.invalid"))
    assert len(provider.heard) == 1


async def test_it_ends_in_time_and_says_what_cannot_be_reached(tmp_path: Path, provider: Provider) -> None:
    provider.delay = 2
    heard = await caller(tmp_path, seconds=0.2).attempt(provider.trial())
    assert (heard.ok, heard.status) == (False, None)
    assert "No answer" in heard.message
    await provider.server.close()
    heard = await caller(tmp_path).attempt(Trial("openai", "http://127.0.0.1:1/v1", "m", KEY))
    assert (heard.ok, heard.status) == (False, None)
    assert "cannot be reached" in heard.message
