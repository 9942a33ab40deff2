"""The real server in a process of its own, and somebody signed in to it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.e2e.served import Client, Served


@contextlib.contextmanager
def serving(home: Path, **environment: str) -> Iterator[tuple[Served, Client]]:
    home.mkdir(parents=True)
    served = Served(home, **environment)
    try:
        served.start()
        http = httpx.Client(base_url=f"{served.url}/api", timeout=30)
        said = http.post("/auth/launch", json={"token": served.launch_token}, headers={"X-OPM-Client": "api"})
        said.raise_for_status()
        http.cookies.clear()
        http.headers["Authorization"] = f"Bearer {said.json()['access_token']}"
        yield served, Client(http)
    finally:
        served.end()
