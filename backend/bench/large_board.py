"""Pages of a board of 10,000 cards: the first, one from the middle, and a move in its fullest column."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bench.figures import Figure
from bench.load import Target, fetch
from bench.serving import serving
from bench.sides import compare, reference
from tests.e2e.served import Client
from tests.postgres import find_binaries, private_cluster

PAGE = 200
Measured = list[tuple[str, list[Figure]]]


async def run(home: Path, *, cards: int, rounds: int, requests: int) -> Measured:
    measured = await _measure("SQLite", home / "sqlite", None, cards, rounds, requests)
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL is not installed, so the large board was not measured on it")
        return measured
    with private_cluster(binaries) as url:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return measured + await _measure("PostgreSQL", home / "postgres", plain, cards, rounds, requests)


async def _measure(name: str, home: Path, postgres: str | None, cards: int, rounds: int, requests: int) -> Measured:
    with serving(home, **({"OPM_DATABASE__URL": postgres} if postgres else {})) as (served, client):
        project, seconds = _fill(client, cards)
        assert served.process
        token = client.http.headers["authorization"].removeprefix("Bearer ")
        database = postgres or str(served.data / "opm.db")
        url = f"{served.url}/api/projects/{project['slug']}/tasks?limit={PAGE}"
        measured: Measured = [(f"Cards made, on {name}", [Figure("opm", "cards per second", [cards / seconds])])]
        cursor, rank = _middle(client, project["slug"], cards)
        for title, more, after in (("first", "", ""), ("middle", f"&cursor={cursor}", rank)):
            ours = Target(url + more, served.process.pid, token)
            with reference("query", database, project["id"], str(PAGE), after) as query:
                assert json.loads(await fetch(query)) == json.loads(await fetch(ours)), "the answers differ"
                figures = await compare({"opm": ours, "same query, bare": query}, rounds, requests)
            measured.append((f"The {title} {PAGE} of {cards} cards, on {name}", figures))
        measured.append((f"Moving a card among {cards}, on {name}", [_moves(client, project["slug"], rounds)]))
        return measured


def _fill(client: Client, cards: int) -> tuple[dict[str, str], float]:
    project: dict[str, str] = client.call("POST", "/projects", {"name": "Large"})
    began = time.perf_counter()
    for number in range(cards):
        body = {"title": f"Card {number}", "description": "One of very many."}
        client.call("POST", f"/projects/{project['slug']}/tasks", body)
    return project, time.perf_counter() - began


def _pages(client: Client, slug: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        params = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        page = client.http.get(f"/projects/{slug}/tasks", params=params).raise_for_status().json()
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _middle(client: Client, slug: str, cards: int) -> tuple[str, str]:
    """Where the page begins that starts behind half of the cards; the whole board is read for it, and counted."""
    pages = list(_pages(client, slug))
    assert sum(len(page["items"]) for page in pages) == cards, "cards are missing from the pages"
    half = pages[(len(pages) - 1) // 2]
    return half["next_cursor"] or "", half["items"][-1]["rank"]


def _moves(client: Client, slug: str, rounds: int) -> Figure:
    """The first two change places, again and again."""
    times: list[float] = []
    first = client.http.get(f"/projects/{slug}/tasks", params={"limit": 2}).raise_for_status().json()["items"]
    for number in range(rounds):
        moving, other = (first[1], first[0]) if number % 2 == 0 else (first[0], first[1])
        began = time.perf_counter()
        client.call("POST", f"/projects/{slug}/tasks/{moving['id']}/move", {"status": "todo", "before": other["id"]})
        times.append((time.perf_counter() - began) * 1000)
    return Figure("opm", "ms", times)
