"""What a controller needs of memory and processor for projects at which nothing happens, while their pods run.

The pods are objects of a simulated API server without a node: they become ready by themselves. The controller is the
real one, in a process of its own, on SQLite.
"""

import asyncio
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.serving import serving
from opm.server.core.kubernetes import KubernetesSettings
from tests.e2e.served import Client, Served, wait_for
from tests.fakes.kubernetes import FakeCluster

PATIENCE = 900.0
SETTLE = 20.0
AT_ONCE = 4


async def run(home: Path, *, projects: int, rounds: int) -> list[tuple[str, list[Figure]]]:
    """Each round adds as many projects to those that are there."""
    async with FakeCluster().serving() as cluster:
        environment = {
            "OPM_RUNTIME__KIND": "kubernetes",
            "OPM_RUNTIME__IDLE_STOP": "0",
            "OPM_KUBERNETES__KUBECONFIG": str(_kubeconfig(home, cluster.find(KubernetesSettings()).server)),
        }
        # in a thread, because the cluster that it asks is served by this one
        sizes, shares = await asyncio.to_thread(_measure, home / "served", environment, projects, rounds)
    grown = [(b - a) * 1000 / projects for a, b in itertools.pairwise(sizes)]
    figures = [Figure("with no project", "MiB", sizes[:1]), Figure("for each 1,000 projects more", "MiB", grown)]
    busy = [
        Figure("with no project", "% of one", shares[:1]),
        Figure(f"with {projects * rounds:,} projects", "% of one", shares[-1:]),
    ]
    about = "with idle projects whose pods run"
    return [(f"A controller's memory, {about}", figures), (f"A controller's use of processors, {about}", busy)]


def _measure(home: Path, environment: dict[str, str], projects: int, rounds: int) -> tuple[list[float], list[float]]:
    """MiB, and percent of one processor while nothing is asked of it, before any project and after each round."""
    with serving(home, **environment) as (served, client):
        shares, sizes = [_busy(served)], [_resident(served)]
        for _ in range(rounds):
            _make(client, projects)
            wait_for(lambda: _all_run(client), PATIENCE, "all pods to run")
            shares.append(_busy(served))
            sizes.append(_resident(served))
        return sizes, shares


def _busy(served: Served) -> float:
    before = _ticks(served)
    time.sleep(SETTLE)
    return 100 * (_ticks(served) - before) / os.sysconf("SC_CLK_TCK") / SETTLE


def _ticks(served: Served) -> int:
    assert served.process is not None
    fields = Path(f"/proc/{served.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _make(client: Client, count: int) -> None:
    def one(number: int) -> None:
        project = client.project(f"Idle {number}")
        client.call("POST", f"{project.path}/start")

    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(one, range(count)))


def _all_run(client: Client) -> bool:
    time.sleep(1)
    return all(project["pod_status"] == "running" for project in _projects(client))


def _projects(client: Client) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = client.call("GET", "/projects?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def _resident(served: Served) -> float:
    assert served.process is not None
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def _kubeconfig(home: Path, server: str) -> Path:
    home.mkdir()
    made = home / "kubeconfig"
    context = {"name": "simulated", "context": {"cluster": "simulated", "user": "nobody"}}
    said = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "simulated",
        "contexts": [context],
        "clusters": [{"name": "simulated", "cluster": {"server": server}}],
        "users": [{"name": "nobody", "user": {"token": "a-token"}}],
    }
    made.write_text(json.dumps(said))
    return made
