"""What passes the proxy and what does not, and what OpenCode gets to see of a request."""

import base64
import gzip
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from opm.sidecar.session.routes import RELAYS
from tests.sidecar.session.fake import PASSWORD, Upstream, session_before
from tests.sidecar.support import Client


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def session(upstream: Upstream, tmp_path: Path) -> AsyncGenerator[Client]:
    async with session_before(upstream, tmp_path) as client:
        yield client


PASSING: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("GET", "/session", None, "GET /session"),
    ("GET", "/session?limit=5&roots=true", None, "GET /session"),
    ("POST", "/session", {"title": "t", "parentID": "ses_1"}, "POST /session"),
    ("GET", "/session/ses_1", None, "GET /session/ses_1"),
    ("GET", "/session/ses_1/message?limit=20&before=eyJpZCI6Im0ifQ", None, "GET /session/ses_1/message"),
    ("GET", "/session/ses_1/message/msg_2", None, "GET /session/ses_1/message/msg_2"),
    ("POST", "/session/ses_1/prompt", {"parts": []}, "POST /session/ses_1/prompt_async"),
    ("POST", "/session/ses_1/abort", None, "POST /session/ses_1/abort"),
    ("GET", "/session/ses_1/diff?messageID=msg_1", None, "GET /session/ses_1/diff"),
    ("GET", "/session/ses_1/todo", None, "GET /session/ses_1/todo"),
    ("GET", "/session/ses_1/children", None, "GET /session/ses_1/children"),
    ("GET", "/status", None, "GET /session/status"),
    ("GET", "/permission", None, "GET /permission"),
    ("POST", "/permission/per_1/reply", {"reply": "once"}, "POST /permission/per_1/reply"),
    ("GET", "/question", None, "GET /question"),
    ("POST", "/question/que_1/reply", {"answers": [["a"]]}, "POST /question/que_1/reply"),
    ("POST", "/question/que_1/reject", None, "POST /question/que_1/reject"),
    ("GET", "/vcs/diff?mode=git", None, "GET /vcs/diff"),
    ("POST", "/dispose", None, "POST /global/dispose"),
]


@pytest.mark.parametrize(("method", "path", "body", "reached"), PASSING)
async def test_what_passes_reaches_opencode_about_this_workspace_alone(
    session: Client, upstream: Upstream, tmp_path: Path, method: str, path: str, body: Any, reached: str
) -> None:
    assert await session.json(method, path, json=body) == {"fine": True}

    (asked,) = upstream.asked
    assert f"{asked.method} {asked.url.path}" == reached
    assert asked.query_params.getlist("directory") == [str(tmp_path)]


def test_the_table_above_is_complete() -> None:
    assert len({reached for _, _, _, reached in PASSING}) == len(RELAYS)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/config"),
        ("GET", "/config"),
        ("GET", "/config/providers"),
        ("GET", "/provider"),
        ("PUT", "/auth/demo"),
        ("POST", "/mcp"),
        ("GET", "/event"),
        ("GET", "/global/event"),
        ("POST", "/global/dispose"),
        ("POST", "/global/upgrade"),
        ("POST", "/session/ses_1/shell"),
        ("POST", "/session/ses_1/message"),
        ("POST", "/session/ses_1/command"),
        ("POST", "/session/ses_1/share"),
        ("POST", "/session/ses_1/revert"),
        ("DELETE", "/session/ses_1"),
        ("PATCH", "/session/ses_1"),
        ("GET", "/file/content"),
        ("GET", "/find"),
        ("GET", "/pty/shells"),
        ("POST", "/pty/pty_1/connect-token"),
        ("POST", "/tui/append-prompt"),
        ("GET", "/experimental/worktree"),
        ("POST", "/instance/dispose"),
        ("GET", "/doc"),
        ("GET", "/"),
        ("GET", "/session/"),
        ("GET", "/session/ses_1/../../config"),
        ("GET", "/session/..%2f..%2fconfig"),
        ("GET", "/session/ses_1%2fshell"),
        ("GET", "/session/ses_1%3fx=1"),
        ("GET", "/session/ses-1"),
        ("GET", "/session/%00"),
        ("GET", "/session/ses_1/message/msg%2e"),
        ("GET", "/session/" + "s" * 201),
        ("GET", "/session?directory=/etc"),
        ("GET", "/session?directory="),
        ("GET", "/session?limit=0"),
        ("GET", "/session?limit=1&limit=2"),
        ("GET", "/session?limit=1%26directory%3D/etc"),
        ("GET", "/status?x=1"),
        ("GET", "/vcs/diff?mode=branch"),
    ],
)
async def test_what_is_not_on_the_list_never_reaches_opencode(
    session: Client, upstream: Upstream, method: str, path: str
) -> None:
    async with session.request(method, path) as response:
        assert response.status in {400, 404, 405}, response.status
        assert (await response.json())["error"]["status"] == response.status

    assert upstream.asked == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/session", b'{"title": "t", "directory": "/etc"}'),
        ("/session", b'{"metadata": {}}'),
        ("/session", b"[]"),
        ("/session", b"null"),
        ("/session", b"{"),
        ("/session", b'{"title": "\xff"}'),
        ("/session", b'{"title":' + b"[" * 100_000),
        ("/session/ses_1/prompt", b'{"parts": [], "noReply": true}'),
        ("/session/ses_1/prompt", b'{"parts": [], "format": {}}'),
        ("/permission/per_1/reply", b'{"reply": "once", "response": 1}'),
        ("/session/ses_1/abort", b'{"x": 1}'),
        ("/dispose", b"x"),
    ],
)
async def test_a_body_that_is_not_allowed_never_reaches_opencode(
    session: Client, upstream: Upstream, path: str, body: bytes
) -> None:
    await session.refused("POST", path, 400, data=body)

    assert upstream.asked == []


async def test_the_names_of_refused_keys_are_told(session: Client) -> None:
    error = await session.refused("POST", "/session", 400, json={"b": 1, "a": 2, "title": "t"})

    assert error["details"] == {"unknown": ["a", "b"]}


async def test_a_key_given_twice_reaches_opencode_once(session: Client, upstream: Upstream) -> None:
    await session.json("POST", "/session", data=b'{"title":"one","title":"two"}')

    assert upstream.bodies == [b'{"title":"two"}']


async def test_a_megabyte_and_no_more(session: Client, upstream: Upstream) -> None:
    room = (1 << 20) - len('{"title":""}')

    await session.json("POST", "/session", data=b'{"title":"%b"}' % (b"x" * room))
    error = await session.refused("POST", "/session", 413, data=b'{"title":"%b"}' % (b"x" * (room + 1)))

    assert error["details"] == {"limit": 1 << 20}
    assert len(upstream.asked) == 1


async def test_opencode_sees_its_password_and_nothing_of_the_client(session: Client, upstream: Upstream) -> None:
    own = {"Cookie": "a=1", "X-Opencode-Directory": "/etc", "X-Forwarded-For": "1.2.3.4", "Origin": "http://x.example"}

    await session.json("POST", "/session", headers=own, json={"title": "t"})

    headers = upstream.asked[0].headers
    assert headers["authorization"] == "Basic " + base64.b64encode(f"opencode:{PASSWORD}".encode()).decode()
    assert headers["content-type"] == "application/json"
    assert not {"cookie", "x-opencode-directory", "x-forwarded-for", "origin"} & set(headers)


async def test_of_opencode_s_headers_only_the_type_comes_back(session: Client, upstream: Upstream) -> None:
    loose = {"Set-Cookie": "a=1", "Access-Control-Allow-Origin": "*", "X-Secret": "1", "Location": "/x"}
    upstream.answer = JSONResponse([], headers=loose)

    async with session.request("GET", "/session") as response:
        assert response.content_type == "application/json"
        assert {name.lower() for name in response.headers} == {"content-type", "content-length", "date"}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (HTMLResponse("<html>"), 502, "does not know this route"),
        (PlainTextResponse("x"), 502, "does not know this route"),
        (RedirectResponse("/x"), 502, "failed"),
        (JSONResponse({}, 500), 502, "failed"),
        (PlainTextResponse("secret trace", 500), 502, "failed"),
        (JSONResponse({}, 401), 503, "password"),
        (JSONResponse({"name": "NotFoundError", "data": {"message": "Gone"}}, 404), 404, "Gone"),
        (JSONResponse({"_tag": "Odd", "message": "No"}, 409), 409, "No"),
        (JSONResponse({"name": "BadRequest", "data": {"message": "y" * 900}}, 400), 400, "y" * 500),
        (JSONResponse({"name": "X"}, 422), 400, "X"),
    ],
)
async def test_what_opencode_refuses_or_fails_at(
    session: Client, upstream: Upstream, answer: Response, status: int, message: str
) -> None:
    upstream.answer = answer

    error = await session.refused("GET", "/session", status)

    assert message in error["message"]
    assert len(error["message"]) < 600
    assert "secret trace" not in str(error)


async def test_an_empty_answer_is_no_content(session: Client, upstream: Upstream) -> None:
    upstream.answer = Response(status_code=204)

    await session.json("POST", "/session/ses_1/prompt", 204, json={"parts": []})


async def test_a_compressed_answer_was_not_asked_for(session: Client, upstream: Upstream) -> None:
    await session.json("GET", "/session", headers={"Accept-Encoding": "gzip"})
    assert upstream.asked[0].headers["accept-encoding"] == "identity"

    upstream.answer = Response(gzip.compress(b"[]"), media_type="application/json")
    async with session.request("GET", "/session") as response:
        assert "Content-Encoding" not in response.headers


async def test_models_hide_keys_and_options(session: Client, upstream: Upstream) -> None:
    model = {"id": "m", "name": "M", "limit": {"context": 1}, "options": {"apiKey": "K"}, "cost": {"input": 2}}
    old = {"id": "o", "status": "deprecated"}
    provider = {"id": "p", "key": "K", "options": {"apiKey": "K"}, "env": ["K"], "models": {"m": model, "o": old}}
    upstream.answer = JSONResponse({"all": [provider], "default": {}, "connected": []})

    found = await session.json("GET", "/models")

    abilities = {"context": 1, "output": 0, "tool_call": False, "reasoning": False}
    kept = {"id": "m", "name": "M", **abilities, "cost_input": 2, "cost_output": 0}
    assert found == [{"id": "p", "name": "p", "models": [kept]}]
    upstream.answer = JSONResponse({"other": 1})
    await session.refused("GET", "/models", 502)


async def test_a_slow_opencode_is_not_ready(session: Client, upstream: Upstream) -> None:
    upstream.delay = 1.0

    await session.refused("GET", "/ready", 503)


async def test_an_opencode_that_asks_for_no_password_is_not_ready(session: Client, upstream: Upstream) -> None:
    upstream.answer = JSONResponse({"healthy": True, "version": "1"})

    error = await session.refused("GET", "/ready", 503)

    assert "without a password" in error["message"]


async def test_messages_come_in_pages_without_the_files_in_them(session: Client, upstream: Upstream) -> None:
    """More than the 64 MiB that are taken of anything else, so it must go as it comes."""
    url = b'"url":"data:application/pdf;base64,'
    content = b'[{"parts":[{%b%b"}]}]' % (url, b"A" * (65 << 20))
    upstream.answer = Response(content, headers={"X-Next-Cursor": "abc"}, media_type="application/json")

    async with session.request("GET", "/session/ses_1/message?limit=1") as response:
        assert await response.read() == b'[{"parts":[{%b"}]}]' % url
        assert response.headers["X-Next-Cursor"] == "abc"


async def test_what_is_too_large_says_so(session: Client, upstream: Upstream) -> None:
    upstream.answer = Response(b'["%b"]' % (b" " * (64 << 20)), media_type="application/json")

    error = await session.refused("GET", "/session/ses_1/message?limit=1", 502)
    assert error["details"] == {"reason": "too_large"}


async def test_half_a_character_in_an_answer_is_replaced(session: Client, upstream: Upstream) -> None:
    upstream.answer = Response(rb'{"text":"a\ud83d b\ude00 \ud83d\ude00"}', media_type="application/json")

    assert await session.json("GET", "/session/ses_1") == {"text": "a\ufffd b\ufffd \U0001f600"}
