"""What the real OpenCode makes of a configuration, seen from the model: its tools, its prompt, its settings."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opm.server.db.models import OpencodeConfig
from opm.server.features.configs import providers
from opm.server.runtime.agent import ANSWER_TOKENS
from tests.sidecar.session.conftest import environment, prepare, serve

pytestmark = pytest.mark.opencode
PASSWORD = "only-for-this-test"


@dataclass
class Model:
    """Calls the tools it is told to, then says OK; and remembers what it was asked."""

    url: str
    heard: list[dict[str, Any]]
    calls: list[tuple[str, dict[str, str]]]


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    heard: list[dict[str, Any]] = []
    calls: list[tuple[str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        heard.append(await request.json())
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        said, ending = ({"tool_calls": [_call(*calls.pop(0))]}, "tool_calls") if calls else ({"content": "OK"}, "stop")
        for choice in ({"delta": {"role": "assistant", **said}}, {"delta": {}, "finish_reason": ending}):
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            chunk["choices"] = [{"index": 0, **choice}]
            await stream.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await stream.write(b"data: [DONE]\n\n")
        return stream

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        yield Model(str(server.make_url("/v1")), heard, calls)


async def test_tools_prompt_and_limits_reach_the_model(model: Model, tmp_path: Path) -> None:
    reviewer = {
        "description": "Reviews",
        "mode": "primary",
        "prompt": "You are THE REVIEWER.",
        "tools": {"bash": False},
    }
    row = OpencodeConfig(
        provider="openai-compatible",
        model="m",
        base_url=model.url,
        instructions="Use tabs.",
        temperature=0.25,
        max_tokens=77,
        permissions={"edit": "deny"},
        tools={"webfetch": False},
        agents={"reviewer": reviewer},
        default_agent="reviewer",
    )
    config = providers.opencode_config(row, has_key=False, provider_timeout=30)
    with ExitStack() as ending:
        url = await asyncio.to_thread(_start, ending, tmp_path, config)
        headers = {"Authorization": aiohttp.encode_basic_auth("opencode", PASSWORD)}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            async with http.post("/session", json={"title": "A task"}) as made:
                session = (await made.json())["id"]
            body = providers.prompt(row, "Brew", f"msg_{session[4:]}")
            async with http.post(f"/session/{session}/message", json=body) as answer:
                assert answer.status == 200, await answer.text()

    (asked,) = model.heard
    tools = {tool["function"]["name"] for tool in asked["tools"]}
    assert {"read", "grep"} <= tools
    assert not {"bash", "edit", "write", "webfetch"} & tools
    system = "\n".join(str(message["content"]) for message in asked["messages"] if message["role"] == "system")
    assert "You are THE REVIEWER." in system
    assert "Use tabs." in system
    assert (asked["temperature"], asked["max_tokens"]) == (0.25, 77)


async def test_plan_writes_nothing_and_env_files_are_asked_for(model: Model, tmp_path: Path) -> None:
    row = OpencodeConfig(
        provider="openai-compatible",
        model="m",
        base_url=model.url,
        permissions={"edit": "allow", "bash": "allow", "task": "allow"},
        tools={},
        default_agent="plan",
    )
    config = providers.opencode_config(row, has_key=False, provider_timeout=30)
    workspace = tmp_path / "workspace"
    with ExitStack() as ending:
        url = await asyncio.to_thread(_start, ending, tmp_path, config)
        (workspace / ".env").write_text("TOKEN=secret-of-the-workspace")
        headers = {"Authorization": aiohttp.encode_basic_auth("opencode", PASSWORD)}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            model.calls += [
                ("write", {"filePath": str(workspace / "written.txt"), "content": "x"}),
                ("task", {"description": "d", "prompt": "Write", "subagent_type": "general"}),
                ("bash", {"command": "ls > listed.txt", "description": "d"}),
            ]
            assert await _asked(http, row, "plan") == ("bash", ["ls > listed.txt"])
            model.calls += [("read", {"filePath": str(workspace / ".env")})]
            assert await _asked(http, row, "build") == ("read", [".env"])

    assert sorted(path.name for path in workspace.iterdir()) == [".env", ".git"]
    offered = {tool["function"]["name"] for tool in model.heard[0]["tools"]}
    assert not {"write", "edit", "apply_patch"} & offered
    assert "prevents you from using this specific tool call" in str(model.heard[2]["messages"]), "calling general"
    assert "secret-of-the-workspace" not in str(model.heard)


async def _asked(http: aiohttp.ClientSession, row: OpencodeConfig, agent: str) -> tuple[str, list[str]]:
    """What is asked in a new session, and refused."""
    async with http.post("/session", json={"title": "A task"}) as made:
        session = (await made.json())["id"]
    body = providers.prompt(row, "Brew", f"msg_{session[4:]}") | {"agent": agent}
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(_finished(http, f"/session/{session}/message", body))
        while not (asks := await (await http.get("/permission")).json()):
            assert not running.done(), "it came to its end and nothing was asked"
            await asyncio.sleep(0.1)
        await _finished(http, f"/permission/{asks[0]['id']}/reply", {"reply": "reject"})
    return asks[0]["permission"], asks[0]["patterns"]


async def _finished(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    async with http.post(path, json=body) as answer:
        assert answer.status == 200, await answer.text()


@pytest.fixture
async def refusing() -> AsyncIterator[tuple[str, list[tuple[str, Any]]]]:
    """The address of something that no key is good enough for, and what was asked of it."""
    heard: list[tuple[str, Any]] = []

    async def refuse(request: web.Request) -> web.Response:
        heard.append((request.path, await request.json()))
        return web.json_response({"error": {"message": "Not this key"}}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/"), heard


async def test_a_limit_of_the_answer_leaves_the_size_of_the_context(
    refusing: tuple[str, list[tuple[str, Any]]], tmp_path: Path
) -> None:
    address, heard = refusing
    row = OpencodeConfig(
        provider="google", model="gemini-flash-latest", base_url=address, max_tokens=777, permissions={}, tools={}
    )
    config = providers.opencode_config(row, has_key=False, provider_timeout=30)
    config["provider"]["google"]["options"]["apiKey"] = "not-a-key"
    with ExitStack() as ending:
        url = await asyncio.to_thread(_start, ending, tmp_path, config, {ANSWER_TOKENS: "777"})
        headers = {"Authorization": aiohttp.encode_basic_auth("opencode", PASSWORD)}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            async with http.get("/provider") as listed:
                (google,) = [found for found in (await listed.json())["all"] if found["id"] == "google"]
            assert google["models"][row.model]["limit"]["context"] > 1_000_000
            async with http.post("/session", json={"title": "A task"}) as made:
                session = (await made.json())["id"]
            await _finished(http, f"/session/{session}/message", providers.prompt(row, "Brew", f"msg_{session[4:]}"))
    assert [body["generationConfig"]["maxOutputTokens"] for _, body in heard] == [777]


@pytest.mark.slow
async def test_it_speaks_to_every_provider_that_is_offered_without_fetching_anything(
    refusing: tuple[str, list[tuple[str, Any]]], tmp_path: Path
) -> None:
    """What we offer this OpenCode really has: it knows models of each, and reaches the address given."""
    address, heard = refusing
    row = OpencodeConfig(provider="anthropic", model="claude-haiku-4-5", permissions={}, tools={})
    config = providers.opencode_config(row, has_key=True, provider_timeout=30)
    for name in providers.IN_CATALOGUE:
        config["provider"].setdefault(name, {"options": {}})["options"] |= {
            "baseURL": f"{address}/{name}",
            "apiKey": "not-a-key",
        }
    with ExitStack() as ending:
        url = await asyncio.to_thread(_start, ending, tmp_path, config)
        headers = {"Authorization": aiohttp.encode_basic_auth("opencode", PASSWORD)}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            async with http.get("/provider") as listed:
                known = {found["id"]: found["models"] for found in (await listed.json())["all"]}
            assert set(known) == set(providers.IN_CATALOGUE)
            for name, models in known.items():
                suggested = providers.PROVIDERS[name].models
                assert set(suggested) <= set(models), name
                async with http.post("/session", json={"title": name}) as made:
                    session = (await made.json())["id"]
                said = {"model": {"providerID": name, "modelID": (suggested or list(models))[0]}}
                said |= {"parts": [{"type": "text", "text": "Brew"}]}
                async with http.post(f"/session/{session}/message", json=said) as answer:
                    error = (await answer.json())["info"]["error"]
                assert error["data"]["statusCode"] == 401, (name, error)
    assert {path.split("/")[1] for path, _ in heard} == set(providers.IN_CATALOGUE)


def _call(name: str, arguments: dict[str, str]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"index": 0, "id": f"call_{name}", "type": "function", "function": function}


def _start(ending: ExitStack, home: Path, config: dict[str, Any], more: dict[str, str] | None = None) -> str:
    environ = environment(home, PASSWORD, "unused") | {"OPENCODE_CONFIG_CONTENT": json.dumps(config)} | (more or {})
    return serve(ending, prepare(home), environ)[0]
