"""Local pods for tests: quick ones of stand-in programs, real ones, and the promise that nothing stays behind."""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from opm.server.runtime.base import Observation, Part, PodPhase, PodSpec
from opm.server.runtime.local import Backoff, LocalRuntime, LocalSettings, procfs

PROGRAMS = Path(__file__).parent / "programs"


def a_spec(project_id: UUID | None = None, *, digest: str = "one", **changes: Any) -> PodSpec:
    spec = PodSpec(
        project_id=project_id or uuid4(),
        digest=digest,
        opencode_config={},
        opencode_password="a-password-of-the-pod",
        pass_key=b"k" * 32,
        seed_files={"README.md": "# Hello\n"},
    )
    return replace(spec, **changes)


def stub_settings(folder: Path, **changes: Any) -> LocalSettings:
    """Settings whose programs are stand-ins, with short delays."""
    folder.mkdir(parents=True, exist_ok=True)
    wrapper = folder / "opencode"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(PROGRAMS / "opencode.py")])} "$@"\n')
    wrapper.chmod(0o700)
    settings = LocalSettings(
        data_dir=folder / "data",
        opencode=wrapper,
        sidecar_command=(sys.executable, str(PROGRAMS / "sidecar.py")),
        stop_timeout=10.0,
        backoff=Backoff(first=0.1, most=5.0),
        health_interval=0.2,
        health_timeout=0.5,
    )
    return replace(settings, **changes)


def pod_folder(settings: LocalSettings, project_id: UUID) -> Path:
    return settings.data_dir / "pods" / project_id.hex


@contextlib.asynccontextmanager
async def opened(settings: LocalSettings) -> AsyncIterator[LocalRuntime]:
    """A runtime whose pods end with the test, whatever happened in it."""
    runtime = LocalRuntime(settings)
    try:
        await runtime.open()
        yield runtime
    finally:
        await runtime.close()
        kill_all(settings)


def kill_all(settings: LocalSettings) -> None:
    """The last resort of a failing test."""
    for folder in (settings.data_dir / "pods").glob("*"):
        with contextlib.suppress(ValueError):
            for identity in procfs.of_pod(UUID(folder.name)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(identity.pid, signal.SIGKILL)


async def until(
    runtime: LocalRuntime, project_id: UUID, wanted: Callable[[Observation], bool], *, limit: float = 45.0
) -> Observation:
    seen = await runtime.observe(project_id)
    try:
        async with asyncio.timeout(limit):
            while not wanted(seen):
                await asyncio.sleep(0.02)
                seen = await runtime.observe(project_id)
    except TimeoutError:
        raise AssertionError(f"still {seen.phase} ({seen.reason}); {seen.parts}") from None
    return seen


async def until_phase(runtime: LocalRuntime, project_id: UUID, phase: PodPhase) -> Observation:
    return await until(runtime, project_id, lambda seen: seen.phase is phase)


async def running(runtime: LocalRuntime, spec: PodSpec) -> Observation:
    await runtime.ensure(spec)
    return await until(
        runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING and seen.digest == spec.digest
    )


def pid_of(seen: Observation, part: Part = Part.OPENCODE) -> int:
    return next(status.pid for status in seen.parts if status.part is part and status.pid is not None)


def is_gone(pid: int) -> bool:
    found = procfs.stat(pid)
    return found is None or found.zombie


async def start_orphan(
    settings: LocalSettings, spec: PodSpec, command: str = "echo $$ > orphan.pid; exec sleep 300"
) -> int:
    """A command run by the stand-in the way an agent's tool runs one; returns its number once it is up."""
    folder = pod_folder(settings, spec.project_id)
    port = json.loads((folder / "pod.json").read_text())["parts"]["opencode"]["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /run HTTP/1.0\r\nContent-Length: {len(command)}\r\n\r\n{command}".encode())
    assert b"200" in await reader.readline()
    writer.close()
    found = folder / "workspace/orphan.pid"
    for _ in range(500):
        if found.exists() and found.read_text().strip():
            break
        await asyncio.sleep(0.02)
    return int(found.read_text())
