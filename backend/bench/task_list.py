"""Requests per second of CPU time for a board of 50 cards with 2 KB each, on SQLite and PostgreSQL."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.figures import Figure
from bench.load import Target, fetch, repeat
from bench.machine import cpu_seconds
from bench.serving import serving
from tests.e2e.served import Client
from tests.postgres import find_binaries, private_cluster

CARDS, CARD_BYTES = 50, 2048
_LIGHTER = {"same query, bare": 3, "same bytes, bare": 10}
"""More requests for those that need little, because the kernel counts CPU time in hundredths of a second."""


async def run(home: Path, *, rounds: int, requests: int) -> list[tuple[str, list[Figure]]]:
    measured = [("SQLite", await _measure(home / "sqlite", None, rounds, requests))]
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL is not installed, so the list of cards was not measured on it")
        return measured
    with private_cluster(binaries) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        measured.append(("PostgreSQL", await _measure(home / "postgres", plain, rounds, requests)))
    return measured


async def _measure(home: Path, postgres: str | None, rounds: int, requests: int) -> list[Figure]:
    with serving(home, **({"OPM_DATABASE__URL": postgres} if postgres else {})) as (served, client):
        project = _board(client)
        assert served.process
        token = client.http.headers["authorization"].removeprefix("Bearer ")
        ours = Target(f"{served.url}/api/projects/{project['slug']}/tasks", served.process.pid, token)
        body = await fetch(ours)
        (home / "body.json").write_bytes(body)
        database = postgres or str(served.data / "opm.db")
        with (
            _reference("same", str(home / "body.json")) as same,
            _reference("query", database, project["id"]) as query,
        ):
            assert json.loads(await fetch(query)) == json.loads(body), "the reference answers something else"
            sides = {"opm": ours, "same query, bare": query, "same bytes, bare": same}
            return await _rounds(sides, rounds, requests)


async def _rounds(sides: dict[str, Target], rounds: int, requests: int) -> list[Figure]:
    """Each round asks every side, beginning with another one each time."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for target in sides.values():
        await repeat(target, max(requests // 5, 20))
    for number in range(rounds):
        for name in _rotated(list(sides), number):
            times = requests * _LIGHTER.get(name, 1)
            before = cpu_seconds(sides[name].pid)
            await repeat(sides[name], times)
            rates[name].append(times / max(cpu_seconds(sides[name].pid) - before, 0.01))
    ratios = [query / ours for ours, query in zip(rates["opm"], rates["same query, bare"], strict=True)]
    figures = [Figure(name, "requests per CPU second", numbers) for name, numbers in rates.items()]
    return [*figures, Figure("CPU time, opm : same query", "times", ratios)]


def _rotated(names: list[str], by: int) -> list[str]:
    return names[by % len(names) :] + names[: by % len(names)]


def _board(client: Client) -> dict[str, str]:
    project = client.call("POST", "/projects", {"name": "Measured"})
    text = "All work and no play makes a card of 2 KB. "
    for number in range(CARDS):
        body = {"title": f"Card {number}", "description": (text * 50)[:CARD_BYTES]}
        client.call("POST", f"/projects/{project['slug']}/tasks", body)
    return project


@contextlib.contextmanager
def _reference(*arguments: str) -> Iterator[Target]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.references", *arguments],
        cwd=Path(__file__).resolve().parents[1],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        port = process.stdout.readline().decode().strip()
        assert port, "the reference did not start"
        yield Target(f"http://127.0.0.1:{port}/", process.pid)
    finally:
        process.kill()
        process.wait()
