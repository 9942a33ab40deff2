"""Namespaces, the wire to them, and control groups of one cluster: made, and known to be gone."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

from testcluster.layout import (
    HERE,
    MACHINE_ADDRESS,
    MACHINE_LINK,
    METADATA,
    NODE_ADDRESS,
    NODE_LINK,
    OUTSIDE,
    PODS,
    SERVICES,
    ClusterError,
    Layout,
)
from testcluster.processes import Process, Processes, entering, wait_until

FIRST = "first"


def make(layout: Layout, processes: Processes) -> Process:
    """The first process of the new namespaces, as this machine numbers it."""
    if MACHINE_LINK in {name for _, name in socket.if_nameindex()}:
        raise ClusterError(f"the interface {MACHINE_LINK} exists: another test cluster is up; `make cluster-down`")
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    program = [sys.executable, "-I", str(HERE / "surroundings.py"), str(layout.state)]
    outer = processes.start("unshare", [*unshare, "--propagation", "private", "--", *program])
    furnished = layout.state / "furnished"
    wait_until(furnished.exists, 10, f"the namespaces were not made; see {processes.log_of('unshare')}")
    inner = int(Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()[0])
    first = processes.adopt(FIRST, inner)
    _wire(first.pid)
    for folder in cgroups(layout):
        folder.mkdir(exist_ok=True)
    return first


def _wire(inside: int) -> None:
    """No default route inside: nothing leaves, and an image that is not there fails at once."""
    ip("link", "add", MACHINE_LINK, "type", "veth", "peer", "name", NODE_LINK, "netns", str(inside))
    ip("addr", "add", f"{MACHINE_ADDRESS}/30", "dev", MACHINE_LINK)
    ip("link", "set", MACHINE_LINK, "up")
    for words in (("addr", "add", f"{NODE_ADDRESS}/30", "dev", NODE_LINK), ("link", "set", NODE_LINK, "up")):
        ip(*words, inside=inside)
    ip("link", "set", "lo", "up", inside=inside)
    for address in (METADATA, OUTSIDE):
        ip("addr", "add", f"{address}/32", "dev", "lo", inside=inside)
    for network in (PODS, SERVICES):
        ip("route", "add", network, "via", NODE_ADDRESS)


def ip(*words: str, inside: int | None = None) -> None:
    prefix = entering(inside) if inside is not None else []
    done = subprocess.run([*prefix, "ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")


def cgroups(layout: Layout) -> list[Path]:
    """The cluster's own group in every hierarchy of this machine, made or not."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [Path(where, layout.cgroup) for _, where, kind, *_ in mounts if kind in {"cgroup", "cgroup2"}]


def remove_cgroups(layout: Layout) -> None:
    for group in cgroups(layout):
        for folder, _, _ in os.walk(group, topdown=False):
            wait_until(lambda gone=Path(folder): _removed(gone), 5, f"{folder} is still in use")


def _removed(group: Path) -> bool:
    """Processes that were killed leave their group a moment later."""
    try:
        group.rmdir()
    except OSError as exc:
        return exc.errno == errno.ENOENT
    return True
