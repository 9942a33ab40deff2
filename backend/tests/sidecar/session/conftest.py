"""The real OpenCode with the demo model, started once, and the session sidecar in front of it."""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from opm.sidecar.session.app import create
from tests.opencode import opencode_binary
from tests.sidecar.support import Client, client_of, settings

BACKEND = Path(__file__).parents[3]
PROVIDER_KEY = "provider-key-that-nobody-may-see"


@dataclass(frozen=True)
class Pod:
    url: str
    password: str
    workspace: Path
    opencode: "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pod]:
    with running(tmp_path_factory.mktemp("pod")) as pod:
        yield pod


@pytest.fixture
def another_pod(tmp_path: Path) -> Generator[Pod]:
    """For tests that kill it."""
    with running(tmp_path) as pod:
        yield pod


@pytest.fixture
async def session(pod: Pod) -> AsyncGenerator[Client]:
    async with in_front_of(pod) as client:
        yield client


def in_front_of(pod: Pod) -> AbstractAsyncContextManager[Client]:
    values = settings("session", pod.workspace, opencode_url=pod.url, opencode_password=pod.password)
    closing = asyncio.Event()
    return client_of(create(values, closing), values, closing)


@contextmanager
def running(home: Path) -> Generator[Pod]:
    workspace = prepare(home)
    password = secrets.token_hex(16)
    with ExitStack() as ending:
        model = started_model(ending)
        url, opencode = serve(ending, workspace, environment(home, password, model))
        yield Pod(url, password, workspace, opencode)


def prepare(home: Path) -> Path:
    """The folders of a pod; gives its workspace."""
    workspace, config = home / "workspace", home / "config" / "opencode"
    for directory in (workspace, config / "node_modules"):
        directory.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(workspace)], check=True)
    # What OpenCode would otherwise install from the network at its first start.
    lock = {
        "name": "opencode",
        "lockfileVersion": 3,
        "packages": {"": {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}},
    }
    (config / "package-lock.json").write_text(json.dumps(lock))
    return workspace


def serve(ending: ExitStack, workspace: Path, environ: dict[str, str]) -> tuple[str, "subprocess.Popen[str]"]:
    """OpenCode once it listens, and where."""
    command = [str(opencode_binary()), "serve", "--port", "0", "--hostname", "127.0.0.1"]
    opencode = start(ending, command, workspace, environ)
    assert opencode.stdout is not None
    for line in opencode.stdout:
        if "listening on" in line:
            return line.split()[-1], opencode
    raise AssertionError("OpenCode ended before it listened")


def environment(home: Path, password: str, model: str) -> dict[str, str]:
    ask = {"*": "allow", "bash": {"*": "allow", "touch *": "ask"}, "external_directory": "deny"}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Demo",
        "options": {"baseURL": f"{model}/v1", "apiKey": PROVIDER_KEY},
        "models": {
            "demo": {
                "name": "Demo model (scripted)",
                "tool_call": True,
                "limit": {"context": 200_000, "output": 8_192},
                "cost": {"input": 1, "output": 2},
            }
        },
    }
    config = {
        "autoupdate": False,
        "share": "disabled",
        "model": "demo/demo",
        "small_model": "demo/demo",
        "enabled_providers": ["demo", "anthropic", "openrouter"],
        "provider": {"demo": provider},
        "permission": ask,
    }
    switches = ("MODELS_FETCH", "AUTOUPDATE", "SHARE", "LSP_DOWNLOAD", "CLAUDE_CODE")
    places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "OPENCODE_SERVER_PASSWORD": password,
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        **{f"OPENCODE_DISABLE_{name}": "1" for name in switches},
        **places,
    }


def started_model(ending: ExitStack) -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    program = "from opm.sidecar.main import run_model; run_model()"
    environ = {"PATH": os.environ["PATH"], "OPM_POD_PORT": str(port)}
    start(ending, [sys.executable, "-c", program], BACKEND, environ)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: urllib.request.urlopen(url + "/health", timeout=1).status == 200)  # noqa: S310 - our own
    return url


def start(ending: ExitStack, command: list[str], cwd: Path, environ: dict[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        command, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    ending.callback(end, process)
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"it did not come true within {seconds} s")
