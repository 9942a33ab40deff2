"""A real server in a process of its own, with a data directory that outlives it, and a client that is signed in."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from opm.server.runtime.local.layout import PodLayout
from tests.opencode import opencode_binary
from tests.postgres import end_with_parent

_LAUNCH = re.compile(r"http://127\.0\.0\.1:\d+/launch#([\w-]{40,})")
_ADDRESS = re.compile(r"^ +(http://127\.0\.0\.1:\d+)$", re.MULTILINE)
"""All that is printed where people sign in through a provider."""
START_SECONDS = 40
T = TypeVar("T")


FREELY = {"OPM_RATES__PER_USER": "", "OPM_RATES__PER_ADDRESS": "", "OPM_RATES__SIGN_IN": ""}
FREELY |= {"OPM_LIMITS__PROJECTS_PER_USER": "10000", "OPM_LIMITS__RUNS_PER_USER": "16"}
"""Programs of tests ask faster and for more than people do; a story about limits gives its own."""


class Served:
    """`start`, `kill` and `stop` may follow each other as often as a test likes; `end` leaves nothing behind."""

    def __init__(self, home: Path, *, under: Sequence[str] = (), **environment: str) -> None:
        """`under` are words before the command, such as those of a program that takes rights away."""
        self._under = under
        self.data = home / "data"
        self.log = home / "server.log"
        self._environment = environment
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.launch_token = ""

    def start(self) -> None:
        said_before = self.log.stat().st_size if self.log.exists() else 0
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [
                    *self._under,
                    sys.executable,
                    "-m",
                    "opm",
                    "serve",
                    "--port",
                    str(self.port),
                    "--data-dir",
                    str(self.data),
                ],
                env=kept
                | {"HOME": str(self.data.parent), "OPM_OPENCODE__BINARY": str(opencode_binary())}
                | FREELY
                | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,  # noqa: PLW1509  no thread of ours runs at a fixture's set-up
            )
        if "OPM_OIDC__ISSUER" in self._environment:
            wait_for(lambda: self._said(_ADDRESS, said_before), START_SECONDS, "its address")
        else:
            self.launch_token = wait_for(lambda: self._said(_LAUNCH, said_before), START_SECONDS, "a launch address")

    def _said(self, pattern: re.Pattern[str], said_before: int) -> str | None:
        assert self.process is not None
        said = self.log.read_bytes()[said_before:].decode()
        assert self.process.poll() is None, f"the server ended:\n{said}"
        found = pattern.search(said)
        return found.group(1) if found else None

    def kill(self) -> None:
        """As a power failure would; its pods live on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(45)

    def end(self) -> None:
        """Stop it, also when it was killed and its pods are still there: the next start adopts and then stops them."""
        if self.process is None:
            return
        if self.process.poll() is not None and self.pods():
            self.start()
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process.poll() is None:
            self.kill()

    def pods(self) -> list[dict[str, Any]]:
        """What the local runtime remembers of pods that should be running."""
        return [json.loads(path.read_text()) for path in self.data.glob("pods/*/pod.json")]

    def fresh_launch_token(self) -> str:
        made = subprocess.run(
            [sys.executable, "-m", "opm", "launch-url", "--data-dir", str(self.data)],
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(self.data.parent)} | self._environment,
        )
        return made.stdout.strip().rpartition("#")[2]

    def client(self) -> "Client":
        """Signed in anew, by a launch address of its own."""
        token = self.fresh_launch_token()
        http = httpx.Client(base_url=f"{self.url}/api", timeout=30)
        said = http.post("/auth/launch", json={"token": token}, headers={"X-OPM-Client": "api"})
        said.raise_for_status()
        http.cookies.clear()
        http.headers["Authorization"] = f"Bearer {said.json()['access_token']}"
        return Client(http)


class Client:
    """The API in the words of a test."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, body: Any = None) -> Any:
        said = self.http.request(method, path, json=body)
        assert said.is_success, f"{method} {path}: {said.status_code} {said.text}"
        return said.json() if said.content else None

    def project(self, name: str) -> "Project":
        return Project(self, self.call("POST", "/projects", {"name": name})["slug"])


class Project:
    def __init__(self, client: Client, slug: str) -> None:
        self.client = client
        self.slug = slug
        self.path = f"/projects/{slug}"

    @property
    def id(self) -> str:
        return self.client.call("GET", self.path)["id"]

    def workspace(self, served: Served) -> Path:
        """Its folder, once its pod is there."""
        tree = f"{self.path}/files/tree"
        wait_for(lambda: self.client.http.get(tree).is_success or None, 60, "the pod")
        return PodLayout.of(served.data, UUID(self.id)).workspace

    def card(self, title: str, *script: str) -> "Card":
        body = {"title": title, "description": "\n".join(f"demo: {line}" for line in script)}
        return Card(self, self.client.call("POST", f"{self.path}/tasks", body)["id"])


class Card:
    def __init__(self, project: Project, task_id: str) -> None:
        self.project = project
        self.id = task_id
        self.path = f"{project.path}/tasks/{task_id}"

    def get(self) -> Any:
        return self.project.client.call("GET", self.path)

    def execute(self) -> Any:
        return self.project.client.call("POST", f"{self.path}/execute")

    def feedback(self, message: str) -> Any:
        return self.project.client.call("POST", f"{self.path}/interactions", {"message": message})

    def interactions(self) -> list[Any]:
        return self.project.client.call("GET", f"{self.path}/interactions")["items"]

    def ask(self, seconds: float = 40) -> Any:
        """The open ask, once there is one."""
        return wait_for(
            lambda: next((i for i in self.interactions() if i["state"] == "pending"), None), seconds, "an ask"
        )

    def answer(self, ask: Any, **answer: Any) -> None:
        kind = "permissions" if ask["kind"] == "permission" else "questions"
        self.project.client.call("POST", f"{self.path}/{kind}/{ask['id']}", answer)

    def until(self, status: str, seconds: float = 60) -> Any:
        """The card once it stands in a column."""
        return wait_for(lambda: card if (card := self.get())["status"] == status else None, seconds, status)

    def until_said(self, text: str, seconds: float = 40) -> list["Row"]:
        """The output so far, once it holds a text."""
        return wait_for(
            lambda: rows if text in words(rows := self.output(wait=False)) else None, seconds, f"output {text!r}"
        )

    def output(self, after: int = 0, *, wait: bool = True) -> list["Row"]:
        """The rows that follow number `after`: to the end of the run, or what comes in the next moment."""
        rows: list[Row] = []
        seconds = 60.0 if wait else 0.5
        enough = time.monotonic() + seconds
        headers = {"Last-Event-ID": str(after)} if after else {}
        stream = self.project.client.http.stream("GET", f"{self.path}/output", headers=headers, timeout=seconds)
        with contextlib.suppress(httpx.ReadTimeout), stream as said:
            for row in read_rows(said.iter_lines()):
                rows.append(row)
                if time.monotonic() > enough:
                    break
        return rows


class Row:
    def __init__(self, number: int, kind: str, data: Any) -> None:
        self.number = number
        self.kind = kind
        self.data = data


def read_rows(lines: Iterator[str]) -> Iterator[Row]:
    number, kind = 0, ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        elif name == "event":
            kind = value
            if kind == "end":
                return
        elif name == "data":
            yield Row(number, kind, json.loads(value))


def words(rows: list[Row]) -> str:
    """The agent's words as a reader ends up seeing them."""
    texts: dict[str, str] = {}
    for row in rows:
        if row.kind == "snapshot":
            texts = {p["part_id"]: p["data"] for p in row.data["parts"] if p["type"] == "output"}
        elif row.kind == "output":
            texts[row.data["part_id"]] = texts.get(row.data["part_id"], "") + row.data["data"]
    return "\n".join(texts.values())


def wait_for(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """What `look` gives once it gives something; the test fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")
