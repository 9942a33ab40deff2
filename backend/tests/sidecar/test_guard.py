"""Nothing behind the guard is reached without a pass of its own, over HTTP or WebSocket."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import aiohttp
import pytest

from opm.sidecar.files.app import create
from opm.sidecar.guard import ReplayGuard
from opm.sidecar.settings import PodSettings
from opm.wire.passes import InvalidPass, PassClaims, PassPart
from tests.sidecar.support import PROJECT, Client, client_of, settings

TREE = "/files/tree"


@pytest.fixture
def pod(tmp_path: Path) -> PodSettings:
    (tmp_path / "one.txt").write_text("1")
    return settings("files", tmp_path)


@pytest.fixture
async def client(pod: PodSettings) -> AsyncIterator[Client]:
    async with client_of(create(pod), pod) as client:
        yield client


async def status(client: Client, headers: dict[str, str], method: str = "GET", path: str = TREE) -> int:
    async with client.raw(method, path, headers) as response:
        if response.status != 200:
            error = (await response.json())["error"]
            assert error["status"] == response.status
        return response.status


async def test_health_says_one_word_to_anybody(client: Client) -> None:
    async with client.raw("GET", "/health", {"Host": "anything.example"}) as response:
        assert (response.status, await response.text()) == (200, "ok")
        assert response.content_type == "text/plain"


async def test_a_pass_opens_its_door_once(client: Client) -> None:
    shown = client.shown("GET", TREE)

    assert await status(client, shown) == 200
    assert await status(client, shown) == 401
    assert await status(client, client.shown("GET", TREE)) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Basic b3BlbmNvZGU6cGFzc3dvcmQ="},
        {"Cookie": "session=1"},
    ],
)
async def test_without_a_pass_nothing(client: Client, headers: dict[str, str]) -> None:
    assert await status(client, headers) == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"key": bytes(32)},
        {"project_id": uuid4()},
        {"part": "session"},
        {"method": "POST"},
        {"path": "/files/content"},
        {"now": time.time() - 3_600},
        {"now": time.time() + 3_600},
        {"ttl": 1, "now": time.time() - 10},
    ],
)
async def test_a_pass_for_something_else_opens_nothing(client: Client, changed: dict[str, Any]) -> None:
    assert await status(client, client.shown("GET", TREE, **changed)) == 401


async def test_two_passes_at_once_are_none(client: Client) -> None:
    async with aiohttp.ClientSession() as http:
        shown = [("Authorization", client.shown("GET", TREE)["Authorization"]) for _ in range(2)]
        async with http.get(client.url + TREE, headers=shown) as response:
            assert response.status == 401


async def test_a_path_that_does_not_exist_is_not_told_to_strangers(client: Client) -> None:
    assert await status(client, {}, path="/nothing/here") == 401
    assert await status(client, client.shown("GET", "/nothing/here"), path="/nothing/here") == 404
    assert await status(client, client.shown("DELETE", TREE), "DELETE") == 405


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:3001", 200),
        ("[::1]:3001", 200),
        ("127.0.0.1", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
    ],
)
async def test_only_known_host_names(client: Client, host: str, expected: int) -> None:
    assert await status(client, {**client.shown("GET", TREE), "Host": host}) == expected


async def test_a_websocket_is_guarded_too(client: Client) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(client.url + "/anything")

    assert caught.value.status == 401


async def test_a_pass_that_opened_a_websocket_or_was_shown_in_vain_is_used(client: Client) -> None:
    shown = client.shown("GET", "/anything")
    async with aiohttp.ClientSession() as http:
        answers: list[int] = []
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await http.ws_connect(client.url + "/anything", headers=shown)
            answers.append(caught.value.status)

    assert answers[0] != 401, "the first time it got past the guard"
    assert answers[1] == 401
    assert await status(client, shown, path="/anything") == 401, "nor does it serve over HTTP"


@pytest.mark.parametrize("part", ["files", "session"])
async def test_a_pass_of_one_sidecar_opens_no_other(tmp_path: Path, part: Literal["files", "session"]) -> None:
    """Both of a pod have one key; the part in the pass keeps them apart."""
    pod = settings(part, tmp_path)
    shown_for: PassPart = "session" if part == "files" else "files"
    async with client_of(create(pod), pod) as client:
        assert await status(client, client.shown("GET", TREE, part=shown_for)) == 401
        assert await status(client, client.shown("GET", TREE)) == 200


async def test_a_pass_opens_its_door_once_to_many_at_once(client: Client) -> None:
    shown = client.shown("GET", TREE)
    answers = await asyncio.gather(*(status(client, shown) for _ in range(20)))
    assert sorted(answers) == [200] + [401] * 19


async def test_no_answer_helps_a_stranger_s_page(client: Client) -> None:
    headers = {**client.shown("GET", TREE), "Origin": "http://evil.example"}
    async with client.raw("GET", TREE, headers) as response:
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]
        assert "Server" not in response.headers


def claims(jti: str, expires_at: int) -> PassClaims:
    return PassClaims(PROJECT, "files", "GET", TREE, jti, expires_at - 60, expires_at)


def test_what_was_shown_is_forgotten_only_after_its_death() -> None:
    moment = [1_000.0]
    guard = ReplayGuard(clock=lambda: moment[0])
    guard.admit(claims("a", 1_060))
    for later in (1_000.0, 1_064.0):
        moment[0] = later
        with pytest.raises(InvalidPass, match="before"):
            guard.admit(claims("a", 1_060))

    moment[0] = 1_065.0
    guard.admit(claims("b", 1_100))

    assert len(guard) == 1


def test_a_full_memory_refuses_until_passes_die() -> None:
    moment = [1_000.0]
    guard = ReplayGuard(capacity=2, clock=lambda: moment[0])
    guard.admit(claims("a", 1_060))
    guard.admit(claims("b", 1_030))
    with pytest.raises(InvalidPass, match="too many"):
        guard.admit(claims("c", 1_060))

    moment[0] = 1_036.0
    guard.admit(claims("c", 1_060))

    assert len(guard) == 2
