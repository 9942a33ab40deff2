"""A pod held to its memory and its processors, with processes that really use them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from opm.server.runtime.base import Limits, Observation, Part, PartStatus, PodPhase
from opm.server.runtime.local import cpus, procfs
from opm.server.runtime.local.memory import Excess, MemoryWatch, choose
from opm.server.runtime.local.procfs import Identity
from tests.server.runtime.local.support import (
    a_spec,
    is_gone,
    opened,
    pid_of,
    pod_folder,
    running,
    start_orphan,
    stub_settings,
    until,
)

MB = 2**20
TAKES = "import time; kept = bytearray({size} << 20); time.sleep(300)"


def hungry(size: int) -> str:
    """A command that holds so many MB, and writes its number down as the shell it replaces."""
    return f"echo $$ > orphan.pid; exec {sys.executable} -c '{TAKES.format(size=size)}'"


def part_of(seen: Observation, part: Part = Part.OPENCODE) -> PartStatus:
    return next(status for status in seen.parts if status.part is part)


async def test_a_command_that_takes_too_much_is_ended_and_its_pod_goes_on(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(limits=Limits(memory_mb=512))
    async with opened(settings) as runtime:
        agent = pid_of(await running(runtime, spec))
        command = await start_orphan(settings, spec, hungry(600))
        seen = await until(runtime, spec.project_id, lambda seen: part_of(seen).out_of_memory, limit=20)
        assert "out of memory: its pod used" in (part_of(seen).reason or "")
        assert "of the 512 MB" in (part_of(seen).reason or "")
        assert is_gone(command)
        assert seen.phase is PodPhase.RUNNING
        assert pid_of(seen) == agent


async def test_a_command_within_the_limit_is_left_alone(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(limits=Limits(memory_mb=1024))
    async with opened(settings) as runtime:
        await running(runtime, spec)
        command = await start_orphan(settings, spec, hungry(300))
        await asyncio.sleep(3)
        assert not is_gone(command)
        assert not part_of(await runtime.observe(spec.project_id)).out_of_memory


async def test_a_part_that_takes_too_much_itself_fails_with_the_reason(tmp_path: Path) -> None:
    settings = stub_settings(tmp_path)
    spec = a_spec(limits=Limits(memory_mb=512), opencode_config={"stub": {"hold_mb": 600}})
    async with opened(settings) as runtime:
        await runtime.ensure(spec)
        seen = await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.FAILED)
        assert "OpenCode was ended, out of memory" in (seen.reason or "")
        assert part_of(seen).out_of_memory
        # more memory is taken as soon as it is given, although nothing else has changed
        await runtime.ensure(
            a_spec(spec.project_id, limits=Limits(memory_mb=2048), opencode_config=dict(spec.opencode_config))
        )
        await until(runtime, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)


async def test_a_pod_that_runs_keeps_its_limits_until_it_is_started_again(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(limits=Limits(memory_mb=512))
    async with opened(settings) as runtime:
        agent = pid_of(await running(runtime, spec))
        await runtime.ensure(a_spec(spec.project_id, limits=Limits(memory_mb=4096)))
        record = pod_folder(settings, spec.project_id) / "pod.json"
        await asyncio.sleep(0.5)
        assert pid_of(await runtime.observe(spec.project_id)) == agent
        assert json.loads(record.read_text())["limits"] == {"memory_mb": 512, "cpus": None}


async def test_an_adopted_pod_is_held_to_the_limits_it_was_started_with(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path, keep_on_close=True), a_spec(limits=Limits(memory_mb=512))
    async with opened(settings) as first:
        await running(first, spec)
        await first.close()
        async with opened(settings) as second:
            await until(second, spec.project_id, lambda seen: seen.phase is PodPhase.RUNNING)
            command = await start_orphan(settings, spec, hungry(600))
            await until(second, spec.project_id, lambda seen: part_of(seen).out_of_memory, limit=20)
            assert is_gone(command)
            await second.stop(spec.project_id)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor cannot be less than all")
async def test_everything_of_a_pod_runs_on_its_processors(tmp_path: Path) -> None:
    settings, spec = stub_settings(tmp_path), a_spec(limits=Limits(cpus=0.5))
    before = os.sched_getaffinity(0)
    async with opened(settings) as runtime:
        seen = await running(runtime, spec)
        command = await start_orphan(settings, spec)
        allowed = {frozenset(os.sched_getaffinity(pid)) for pid in (command, *(part.pid or 0 for part in seen.parts))}
    assert allowed == {cpus.share(spec.project_id, 0.5)}
    assert len(next(iter(allowed))) == 1
    assert os.sched_getaffinity(0) == before


def test_projects_begin_on_different_processors() -> None:
    there = len(os.sched_getaffinity(0))
    shares = {cpus.share(UUID(int=number), 1) for number in range(there)}
    assert len(shares) == there
    assert cpus.share(UUID(int=0), None) is None
    assert cpus.share(UUID(int=0), there) is None


@pytest.fixture
def holder() -> Iterator[tuple[UUID, Identity]]:
    """A process of a pod that holds 64 MB, below a part that holds little."""
    pod = uuid4()
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {TAKES.format(size=64)!r}]).wait()"
    env = {"PATH": os.environ["PATH"], procfs.MARKER: str(pod)}
    part = subprocess.Popen([sys.executable, "-c", script], env=env)
    identity = procfs.identify(part.pid)
    assert identity is not None
    yield pod, identity
    for member in procfs.of_pod(pod):
        os.kill(member.pid, 9)
    part.wait()


async def test_the_whole_family_counts(holder: tuple[UUID, Identity]) -> None:
    pod, part = holder
    watch = MemoryWatch(pod)
    async with asyncio.timeout(10):
        while (excess := watch.look({part}, 48 * MB)) is None:  # noqa: ASYNC110  nothing rings when a process grows
            await asyncio.sleep(0.05)
    assert excess.victim != part
    assert excess.used > 48 * MB
    assert watch.look({part}, 1024 * MB) is None


def an_identity(pid: int) -> Identity:
    return Identity(pid, 1, "boot")


def test_commands_go_first_while_that_can_be_enough() -> None:
    part, small, large = map(an_identity, (1, 2, 3))
    used = {part: 700, small: 10, large: 200}
    assert choose(used, {part}, 150) == large
    assert choose(used, {part}, 205) == large
    assert choose(used, {part}, 300) == part


def test_the_words_tell_how_much() -> None:
    assert Excess(an_identity(1), "node", 700 * MB, 512 * MB).words == (
        "out of memory: its pod used 700 MB of the 512 MB it may use"
    )
