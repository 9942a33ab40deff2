"""A controller that was killed leaves pods behind: they are adopted or ended, and nothing else is touched."""

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opm.server.runtime.base import Part, PodPhase, PodSpec
from opm.server.runtime.local import LocalRuntime, LocalSettings, procfs
from tests.opencode import opencode_binary
from tests.server.runtime.local.support import (
    PROGRAMS,
    a_spec,
    is_gone,
    kill_all,
    opened,
    pid_of,
    pod_folder,
    running,
    start_orphan,
    stub_settings,
    until,
    until_phase,
)

BACKEND = Path(__file__).parents[4]


async def a_controller(settings: LocalSettings, spec: PodSpec) -> asyncio.subprocess.Process:
    """Another process that begins to bring the pod up."""
    controller = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROGRAMS / "controller.py")),
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert controller.stdin is not None
    controller.stdin.write(pickle.dumps((settings, spec)))
    controller.stdin.close()
    return controller


async def killed_controller(settings: LocalSettings, spec: PodSpec) -> dict[str, Any]:
    """Bring a pod up in another process and kill that; returns what it had written down."""
    controller = await a_controller(settings, spec)
    assert controller.stdout is not None
    try:
        assert await asyncio.wait_for(controller.stdout.readline(), 60) == b"up\n"
    finally:
        controller.kill()
        await controller.wait()
    return json.loads((pod_folder(settings, spec.project_id) / "pod.json").read_text())


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[LocalSettings]:
    made = stub_settings(tmp_path)
    yield made
    kill_all(made)


@pytest.fixture
def foreign() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this user that has nothing to do with any pod."""
    process = subprocess.Popen(["/bin/sleep", "300"])
    yield process
    process.kill()
    process.wait()


async def test_a_whole_pod_is_adopted_as_it_is(settings: LocalSettings) -> None:
    spec = a_spec(provider_key="key-of-the-provider")
    record = await killed_controller(settings, spec)
    async with opened(settings) as runtime:
        seen = await until_phase(runtime, spec.project_id, PodPhase.RUNNING)
        assert pid_of(seen) == record["parts"]["opencode"]["pid"]
        assert (seen.incarnation, seen.digest) == (record["incarnation"], spec.digest)
        await runtime.ensure(spec)
        await asyncio.sleep(0.5)
        assert (await runtime.observe(spec.project_id)).incarnation == record["incarnation"]
        with (pod_folder(settings, spec.project_id) / "logs/opencode.log").open("a") as log:
            log.write("key-of-the-provider a-password-of-the-pod\n")
        assert (await runtime.logs(spec.project_id, Part.OPENCODE))[-1] == "[redacted] [redacted]"
        await runtime.stop(spec.project_id)
        assert is_gone(pid_of(seen))


async def test_an_adopted_pod_is_kept_up_once_its_wish_is_known(settings: LocalSettings) -> None:
    spec = a_spec()
    await killed_controller(settings, spec)
    async with opened(settings) as runtime:
        before = await running(runtime, spec)
        os.kill(pid_of(before), signal.SIGKILL)
        after = await until(
            runtime,
            spec.project_id,
            lambda seen: seen.phase is PodPhase.RUNNING and seen.incarnation != before.incarnation,
        )
        assert pid_of(after, Part.FILES) == pid_of(before, Part.FILES)


async def test_an_adopted_pod_that_dies_before_its_wish_is_known_is_ended_and_told(settings: LocalSettings) -> None:
    spec = a_spec()
    await killed_controller(settings, spec)
    async with opened(settings) as runtime:
        before = await until_phase(runtime, spec.project_id, PodPhase.RUNNING)
        os.kill(pid_of(before), signal.SIGKILL)
        seen = await until_phase(runtime, spec.project_id, PodPhase.FAILED)
        assert seen.reason == "OpenCode ended before the controller had taken the project over again."
        assert is_gone(pid_of(before, Part.FILES))
        await running(runtime, spec)


async def test_an_adopted_pod_with_another_digest_is_made_anew(settings: LocalSettings) -> None:
    spec = a_spec()
    record = await killed_controller(settings, spec)
    async with opened(settings) as runtime:
        seen = await running(runtime, a_spec(spec.project_id, digest="two"))
        assert pid_of(seen) != record["parts"]["opencode"]["pid"]
        assert pid_of(seen, Part.FILES) == record["parts"]["files"]["pid"]


async def test_a_pod_that_lost_a_part_is_ended_with_its_orphans(settings: LocalSettings) -> None:
    spec = a_spec()
    record = await killed_controller(settings, spec)
    orphan = await start_orphan(settings, spec)
    os.kill(record["parts"]["opencode"]["pid"], signal.SIGKILL)
    while not is_gone(record["parts"]["opencode"]["pid"]):  # noqa: ASYNC110  another's child: nobody tells us
        await asyncio.sleep(0.01)
    async with opened(settings) as runtime:
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.ABSENT
        assert all(is_gone(part["pid"]) for part in record["parts"].values())
        assert is_gone(orphan)
    assert not (pod_folder(settings, spec.project_id) / "pod.json").exists()


async def test_processes_without_a_record_are_ended(settings: LocalSettings) -> None:
    """Killed between the start of a part and the writing of the record."""
    spec = a_spec()
    record = await killed_controller(settings, spec)
    (pod_folder(settings, spec.project_id) / "pod.json").unlink()
    async with opened(settings):
        assert all(is_gone(part["pid"]) for part in record["parts"].values())


async def test_a_controller_killed_at_any_moment_of_a_start_leaves_no_orphan(settings: LocalSettings) -> None:
    for moment in range(8):
        spec = a_spec()
        controller = await a_controller(settings, spec)
        await asyncio.sleep(0.2 + moment * 0.04)
        controller.kill()
        await controller.wait()
        async with opened(settings) as runtime:
            seen = await runtime.observe(spec.project_id)
            if seen.parts:
                await until_phase(runtime, spec.project_id, PodPhase.RUNNING)
            else:
                assert procfs.of_pod(spec.project_id) == []
            await runtime.stop(spec.project_id)
            assert procfs.of_pod(spec.project_id) == []


async def test_a_foreign_process_with_a_recycled_number_is_not_touched(
    settings: LocalSettings, foreign: subprocess.Popen[bytes]
) -> None:
    spec = a_spec()
    record = await killed_controller(settings, spec)
    record["parts"]["session"]["pid"] = foreign.pid
    (pod_folder(settings, spec.project_id) / "pod.json").write_text(json.dumps(record))
    async with opened(settings) as runtime:
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.ABSENT
    assert foreign.poll() is None


async def test_a_foreign_process_that_even_started_at_that_moment_is_not_touched(
    settings: LocalSettings, foreign: subprocess.Popen[bytes]
) -> None:
    spec = a_spec()
    record = await killed_controller(settings, spec)
    identity = procfs.identify(foreign.pid)
    assert identity is not None
    record["parts"]["opencode"].update(pid=identity.pid, started=identity.started, boot=identity.boot)
    (pod_folder(settings, spec.project_id) / "pod.json").write_text(json.dumps(record))
    async with opened(settings) as runtime:
        assert (await runtime.observe(spec.project_id)).phase is PodPhase.ABSENT
    assert foreign.poll() is None


async def test_pods_may_be_kept_on_close_and_found_by_the_next(tmp_path: Path) -> None:
    keeping = stub_settings(tmp_path, keep_on_close=True)
    spec = a_spec()
    first = LocalRuntime(keeping)
    await first.open()
    try:
        before = await running(first, spec)
        await first.close()
        async with opened(stub_settings(tmp_path)) as second:
            after = await until_phase(second, spec.project_id, PodPhase.RUNNING)
            assert after.incarnation == before.incarnation
    finally:
        kill_all(keeping)


@pytest.mark.parametrize("steps", range(5))
async def test_kept_pods_are_let_go_of_while_their_bell_rings(tmp_path: Path, steps: int) -> None:
    """A stop that comes so many steps of the loop after the bell is not lost."""
    keeping = stub_settings(tmp_path, keep_on_close=True)
    spec = a_spec()
    runtime = LocalRuntime(keeping)
    await runtime.open()
    try:
        await running(runtime, spec)
        await asyncio.sleep(0.1)  # at rest
        await runtime.ensure(spec)
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await runtime.close()
    finally:
        kill_all(keeping)


@pytest.mark.opencode
async def test_a_real_pod_outlives_its_controller(tmp_path: Path) -> None:
    settings = LocalSettings(data_dir=tmp_path / "data", opencode=opencode_binary())
    spec = a_spec()
    try:
        record = await killed_controller(settings, spec)
        async with opened(settings) as runtime:
            seen = await running(runtime, spec)
            assert seen.incarnation == record["incarnation"]
        assert all(is_gone(part["pid"]) for part in record["parts"].values())
    finally:
        kill_all(settings)
