"""Telling processes apart, and ending the right ones only."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from opm.server.runtime.local import procfs, reaper
from opm.server.runtime.local.procfs import Identity

Start = Callable[..., Identity]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*argv: str, pod: UUID | None = None) -> Identity:
        env = {"PATH": os.environ["PATH"], **({procfs.MARKER: str(pod)} if pod else {})}
        started.append(subprocess.Popen(argv or ("sleep", "300"), env=env, stdout=subprocess.DEVNULL))
        identity = procfs.identify(started[-1].pid)
        assert identity is not None
        return identity

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_a_process_is_known_by_more_than_its_number(start: Start) -> None:
    identity = start()
    assert procfs.is_alive(identity)
    assert not procfs.is_alive(replace(identity, started=identity.started + 1))
    assert not procfs.is_alive(replace(identity, boot="another"))


def test_a_name_full_of_brackets_does_not_confuse(start: Start) -> None:
    rename = "import ctypes; ctypes.CDLL(None).prctl(15, b'a) Z 1 (b'); import time; time.sleep(300)"
    identity = start(sys.executable, "-c", rename)
    stat = procfs.stat(identity.pid)
    assert stat is not None
    assert stat.parent == os.getpid()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["/bin/true"])
    identity = procfs.identify(child.pid)
    assert identity is not None
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not procfs.is_alive(identity)
    child.wait()


def test_only_processes_with_the_marker_belong_to_a_pod(start: Start) -> None:
    project_id = uuid4()
    ours, _other, _none = start(pod=project_id), start(pod=uuid4()), start()
    assert procfs.of_pod(project_id) == [ours]
    assert procfs.variable(ours.pid, procfs.MARKER) == str(project_id)
    assert procfs.variable(ours.pid, "ABSENT") is None


def test_a_family_is_its_living_roots_and_all_below(start: Start) -> None:
    shell = start("/bin/sh", "-c", "sleep 300 & echo; wait")
    members = procfs.family({shell})
    while len(members) < 2:
        members = procfs.family({shell})
    assert shell in members
    assert procfs.family({replace(shell, started=0)}) == set(), "a recycled number has no family"
    for member in members - {shell}:
        os.kill(member.pid, signal.SIGKILL)


def test_a_port_belongs_to_who_listens_on_it(start: Start) -> None:
    own, foreign = procfs.identify(os.getpid()), start()
    assert own is not None
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert procfs.holds_port(own, port)
        assert not procfs.holds_port(foreign, port)
    assert not procfs.holds_port(own, port)


def test_memory_is_read_in_bytes() -> None:
    assert (procfs.memory_bytes(os.getpid()) or 0) > 10_000_000
    assert procfs.memory_bytes(2**22 + 1) is None


async def test_a_sweep_ends_the_pod_and_spares_what_it_is_told(start: Start) -> None:
    project_id = uuid4()
    spared, doomed, foreign = start(pod=project_id), start(pod=project_id), start()
    assert await reaper.sweep(project_id, spare=[spared], grace=2) == 0
    assert (procfs.is_alive(spared), procfs.is_alive(doomed), procfs.is_alive(foreign)) == (True, False, True)


async def test_a_sweep_ends_what_ignores_the_request(start: Start) -> None:
    project_id = uuid4()
    deaf = start("/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", pod=project_id)
    await asyncio.sleep(0.2)
    assert await reaper.sweep(project_id, grace=0.3) == 0
    assert not procfs.is_alive(deaf)


async def test_a_recycled_number_is_not_signalled(start: Start) -> None:
    bystander = start()
    await reaper.end([replace(bystander, started=bystander.started - 1)], grace=0.1)
    reaper.send(replace(bystander, boot="another"), signal.SIGKILL)
    await asyncio.sleep(0.05)
    assert procfs.is_alive(bystander)
