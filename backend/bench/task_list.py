"""Requests per second of CPU time for a board of 50 cards with 2 KB each, on SQLite and PostgreSQL."""

import json
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.figures import Figure
from bench.load import Target, fetch
from bench.serving import serving
from bench.sides import compare, reference
from tests.e2e.served import Client
from tests.postgres import find_binaries, private_cluster

CARDS, CARD_BYTES = 50, 2048


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
            reference("same", str(home / "body.json")) as same,
            reference("query", database, project["id"]) as query,
        ):
            assert json.loads(await fetch(query)) == json.loads(body), "the reference answers something else"
            sides = {"opm": ours, "same query, bare": query, "same bytes, bare": same}
            return await compare(sides, rounds, requests)


def _board(client: Client) -> dict[str, str]:
    project = client.call("POST", "/projects", {"name": "Measured"})
    text = "All work and no play makes a card of 2 KB. "
    for number in range(CARDS):
        body = {"title": f"Card {number}", "description": (text * 50)[:CARD_BYTES]}
        client.call("POST", f"/projects/{project['slug']}/tasks", body)
    return project
