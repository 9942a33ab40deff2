"""The programs as they are started in a pod: real processes, told by environment, ended by SIGTERM."""

import asyncio
import base64
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import aiohttp
import pytest

KEY = base64.b64encode(bytes(range(32))).decode()


def environment(tmp_path: Path, port: int, key: str = KEY) -> dict[str, str]:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"pass_key": key, "opencode_password": "p" * 32}))
    secrets.chmod(0o600)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "OPM_POD_PROJECT": "0197b8f6-0000-7000-8000-00000000000a",
        "OPM_POD_PORT": str(port),
        "OPM_POD_WORKSPACE": str(workspace),
        "OPM_POD_OPENCODE_URL": "http://127.0.0.1:9",
        "OPM_POD_SECRETS_FILE": str(secrets),
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def start(part: str, environ: dict[str, str]) -> asyncio.subprocess.Process:
    program = f"from opm.sidecar.main import run_{part}; run_{part}()"
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=Path(__file__).parents[2],
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def healthy(port: int, process: asyncio.subprocess.Process) -> str:
    async with aiohttp.ClientSession() as http:
        for _ in range(300):
            assert process.returncode is None, "it ended early"
            try:
                async with http.get(f"http://127.0.0.1:{port}/health") as response:
                    return await response.text()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    raise AssertionError("it did not become healthy")


@pytest.mark.parametrize("part", ["files", "session", "model"])
async def test_it_starts_is_healthy_and_ends_when_asked(part: str, tmp_path: Path) -> None:
    port = free_port()
    process = await start(part, environment(tmp_path, port))
    try:
        assert await healthy(port, process) == "ok"

        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, _ = await asyncio.wait_for(process.communicate(), 10)

        assert time.monotonic() - asked < 5
        assert b"Traceback" not in said
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_says_why_it_does_not_start_and_not_the_secret(tmp_path: Path) -> None:
    weak = base64.b64encode(b"weak").decode()
    process = await start("files", environment(tmp_path, free_port(), key=weak))

    said, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b"opm sidecar files does not start: pass_key" in said
    assert b"Traceback" not in said
    assert weak.encode() not in said


async def test_a_taken_port_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await start("model", environment(tmp_path, taken.getsockname()[1]))
        await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode not in {0, None}
