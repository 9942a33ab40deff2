"""What only the real OpenCode can show: its commands outlive it, its password holds, it fetches nothing."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opm.server.runtime.base import Part, PodPhase, PodSpec
from opm.server.runtime.local import LocalRuntime, LocalSettings
from opm.server.runtime.local.probe import basic
from tests.opencode import opencode_binary
from tests.server.runtime.local.support import a_spec, is_gone, opened, pid_of, pod_folder, running, until

pytestmark = pytest.mark.opencode

LONG_COMMAND = "echo $$ > command.pid; exec sleep 300"


@dataclass
class RealPod:
    runtime: LocalRuntime
    spec: PodSpec
    folder: Path

    async def ask(self, method: str, path: str, body: Any = None, *, password: str | None = None) -> tuple[int, Any]:
        port = json.loads((self.folder / "pod.json").read_text())["parts"]["opencode"]["port"]
        headers = {"Authorization": basic(password or self.spec.opencode_password)}
        url, limit = f"http://127.0.0.1:{port}{path}", aiohttp.ClientTimeout(total=30)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit) as http,
            http.request(method, url, json=body) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def command_of_an_agent(self) -> int:
        _, session = await self.ask("POST", "/session", {"title": "test"})
        body = {"agent": "build", "command": LONG_COMMAND}
        running_command = asyncio.create_task(self.ask("POST", f"/session/{session['id']}/shell", body))
        running_command.add_done_callback(lambda task: task.cancelled() or task.exception())
        found = self.folder / "workspace/command.pid"
        for _ in range(1000):
            if found.exists() and found.read_text().strip():
                return int(found.read_text())
            await asyncio.sleep(0.02)
        raise AssertionError("the command did not start")


@pytest.fixture
async def pod(tmp_path: Path) -> AsyncIterator[RealPod]:
    settings = LocalSettings(data_dir=tmp_path / "data", opencode=opencode_binary())
    spec = a_spec(provider_key="key-of-the-provider")
    async with opened(settings) as runtime:
        await running(runtime, spec)
        yield RealPod(runtime, spec, pod_folder(settings, spec.project_id))


async def test_it_answers_nobody_without_the_password(pod: RealPod) -> None:
    assert (await pod.ask("GET", "/global/health"))[0] == 200
    assert (await pod.ask("GET", "/global/health", password="another"))[0] == 401


async def test_its_commands_end_with_the_pod(pod: RealPod) -> None:
    command = await pod.command_of_an_agent()
    async with asyncio.timeout(30):
        await pod.runtime.stop(pod.spec.project_id)
    assert is_gone(command)


async def test_its_commands_end_before_the_next_one_runs(pod: RealPod) -> None:
    before = await pod.runtime.observe(pod.spec.project_id)
    command = await pod.command_of_an_agent()
    os.kill(pid_of(before), signal.SIGKILL)
    after = await until(
        pod.runtime,
        pod.spec.project_id,
        lambda seen: seen.phase is PodPhase.RUNNING and seen.incarnation != before.incarnation,
    )
    assert is_gone(command)
    assert after.endpoint == before.endpoint
    assert (await pod.ask("GET", "/session"))[1], "its sessions are kept"


async def test_it_fetches_nothing_and_reads_no_configuration_of_the_repository(pod: RealPod) -> None:
    (pod.folder / "workspace/opencode.json").write_text('{"username": "from-the-repository"}')
    _, config = await pod.ask("GET", "/config")
    assert config["autoupdate"] is False
    assert config["share"] == "disabled"
    assert config.get("username") != "from-the-repository"
    await pod.ask("GET", "/agent")
    await asyncio.sleep(2)
    plugins = pod.folder / "home/.config/opencode/node_modules"
    assert list(plugins.iterdir()) == [], "npm was run"
    assert not (pod.folder / "workspace/.opencode").exists()
    said = await pod.runtime.logs(pod.spec.project_id, Part.OPENCODE)
    assert not [line for line in said if "ERROR" in line]


async def test_its_search_finds_ripgrep(pod: RealPod) -> None:
    status, found = await pod.ask("GET", "/find?pattern=Hello")
    assert status == 200
    assert [match["path"]["text"] for match in found] == ["README.md"]


async def test_it_works_with_the_demo_model_of_its_own_pod(tmp_path: Path) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Demo",
        "options": {"baseURL": "{demo_model_url}", "apiKey": "{env:OPM_PROVIDER_KEY}"},
        "models": {"demo": {"name": "Demo", "tool_call": True, "limit": {"context": 100_000, "output": 8_000}}},
    }
    listed = ["demo", "anthropic", "openai", "openrouter"]
    config = {"model": "demo/demo", "enabled_providers": listed, "provider": {"demo": provider}}
    spec = a_spec(demo_model=True, opencode_config=config, provider_key="not-a-key")
    settings = LocalSettings(data_dir=tmp_path / "data", opencode=opencode_binary())
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        assert {part.part for part in seen.parts} == set(Part)
        pod = RealPod(runtime, spec, pod_folder(settings, spec.project_id))
        # the others can be looked at, and are not there for the agent
        _, catalogue = await pod.ask("GET", "/provider")
        _, usable = await pod.ask("GET", "/config/providers")
        assert {provider["id"] for provider in catalogue["all"]} == set(listed)
        assert catalogue["connected"] == ["demo"]
        assert [provider["id"] for provider in usable["providers"]] == ["demo"]
        _, session = await pod.ask("POST", "/session", {"title": "test"})
        script = 'demo: tool bash {"command": "echo written > proof.txt", "description": "Writes"}\ndemo: say Done'
        body = {"parts": [{"type": "text", "text": script}]}
        _, answer = await pod.ask("POST", f"/session/{session['id']}/message", body)
        assert answer["info"].get("error") is None
        assert (pod.folder / "workspace/proof.txt").read_text() == "written\n"
