"""Large things: a file of a gigabyte passes through both hops without either of them growing."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from opm.server.runtime.base import Part
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.store import read_record
from tests.e2e.served import Served

pytestmark = [pytest.mark.slow, pytest.mark.opencode, pytest.mark.timeout(400)]

MIB = 1 << 20
SIZE = 1 << 30
MOST_GROWTH = 64 * MIB


def peak(pid: int) -> int:
    """The most memory that the process ever held, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10


def pieces() -> Iterator[bytes]:
    for number in range(SIZE // MIB):
        yield number.to_bytes(8, "big") * (MIB // 8)


def test_a_gigabyte_goes_up_and_down_at_flat_memory(served: Served) -> None:
    project = served.client().project("Heavy")
    root = project.workspace(served)
    record = read_record(PodLayout.of(served.data, UUID(project.id)))
    assert record
    assert served.process
    hops = {"controller": served.process.pid, "files sidecar": record.parts[Part.FILES].identity.pid}
    http, path = project.client.http, f"{project.path}/files/content"
    octets = {"Content-Type": "application/octet-stream"}
    small = http.put(path, params={"path": "small.bin"}, content=b"x" * MIB, headers=octets)
    assert small.is_success, small.text
    before = {name: peak(pid) for name, pid in hops.items()}

    sent = http.put(path, params={"path": "big.bin"}, content=pieces(), headers=octets, timeout=200)
    assert sent.is_success, sent.text
    assert sent.json()["size"] == SIZE
    assert (root / "big.bin").stat().st_size == SIZE
    received, expected = sha256(), sha256()
    for piece in pieces():
        expected.update(piece)
    with http.stream("GET", path, params={"path": "big.bin"}, timeout=200) as said:
        assert said.headers["content-length"] == str(SIZE)
        for chunk in said.iter_raw(MIB):
            received.update(chunk)
    assert received.digest() == expected.digest()

    grown = {name: (peak(pid) - before[name]) // MIB for name, pid in hops.items()}
    assert max(grown.values()) * MIB <= MOST_GROWTH, grown
