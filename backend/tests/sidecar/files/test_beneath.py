"""The kernel keeps us inside, also while an agent swaps directories for links under our hands."""

import ctypes
import errno
import os
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from opm.sidecar.errors import Refused
from opm.sidecar.files.beneath import Beneath

_RENAME_EXCHANGE = 2


@pytest.fixture
def beneath(workspace: Path) -> Beneath:
    return Beneath(workspace)


def read(beneath: Beneath, path: bytes) -> bytes:
    with beneath.file(path) as (descriptor, found):
        return os.read(descriptor, found.st_size)


def test_it_reads_what_is_inside(beneath: Beneath, workspace: Path) -> None:
    (workspace / "alias").symlink_to("src/deep")

    assert read(beneath, b"src/main.py") == b"print('hello')\n"
    assert read(beneath, b"alias/leaf.txt") == b"leaf"


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../secret.txt", "src/../../secret.txt", "/proc/self/root/etc/passwd", "/proc/self/environ"],
)
def test_no_link_leads_out(beneath: Beneath, workspace: Path, target: str) -> None:
    (workspace / "out").symlink_to(target)

    with pytest.raises(OSError, match=r".") as caught:
        read(beneath, b"out")

    assert caught.value.errno in {errno.EXDEV, errno.ELOOP}


def test_a_link_to_a_directory_outside_is_no_parent(beneath: Beneath, workspace: Path) -> None:
    (workspace / "out").symlink_to("..")

    with pytest.raises(OSError, match=r".") as caught, beneath.parent(b"out/new.txt", create=True):
        raise AssertionError("a parent outside was opened")

    assert caught.value.errno == errno.EXDEV


def test_links_in_a_circle_end(beneath: Beneath, workspace: Path) -> None:
    (workspace / "a").symlink_to("b")
    (workspace / "b").symlink_to("a")

    with pytest.raises(OSError, match=r".") as caught:
        read(beneath, b"a")

    assert caught.value.errno == errno.ELOOP


def test_special_files_are_refused_at_once(beneath: Beneath, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(workspace)  # a socket's name may not be as long as the path of a temporary directory
    listening.bind("socket")
    os.chdir(here)

    begun = time.monotonic()
    with pytest.raises(Refused) as pipe:
        read(beneath, b"pipe")
    with pytest.raises(OSError, match=r".") as dead_end:
        read(beneath, b"socket")
    with pytest.raises(Refused) as directory:
        read(beneath, b"src")
    listening.close()

    assert time.monotonic() - begun < 1
    assert (pipe.value.status, directory.value.status) == (409, 409)
    assert dead_end.value.errno == errno.ENXIO


def test_no_descriptor_is_left_open(beneath: Beneath, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(50):
        read(beneath, b"README.md")
        with pytest.raises(Refused):
            read(beneath, b"pipe")
        with beneath.parent(b"made/for/this", create=True), beneath.directory(b"src"):
            pass

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def exchange(first: Path, second: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), _RENAME_EXCHANGE)
    assert failed == 0, os.strerror(ctypes.get_errno())


def test_a_directory_swapped_for_a_link_while_reading_never_leaks(beneath: Beneath, workspace: Path) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"SECRET")
    (workspace / "d").mkdir()
    (workspace / "d" / "f").write_bytes(b"public")
    (workspace / "swap").symlink_to(outside)
    over = threading.Event()
    swaps = 0

    def attack() -> None:
        nonlocal swaps
        while not over.is_set():
            exchange(workspace / "d", workspace / "swap")
            swaps += 1

    attacker = threading.Thread(target=attack)
    attacker.start()
    good, refused = 0, Counter[int]()
    until = time.monotonic() + 2
    try:
        while time.monotonic() < until:
            try:
                assert read(beneath, b"d/f") == b"public"
                good += 1
            except OSError as exc:
                refused[exc.errno or 0] += 1
    finally:
        over.set()
        attacker.join()

    assert good > 0
    assert refused[errno.EXDEV] > 0, "the attack never met a read"
    assert refused.keys() <= {errno.EXDEV, errno.EAGAIN}
    assert swaps > 100
