"""Readers of streams and askers of questions, each in a thread, that come back wherever they are led."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import httpx
import websockets
from websockets.sync.client import connect

from tests.cluster.deployment import User
from tests.e2e.served import Card, Row, read_rows

_PAUSE = 0.2


class Reader(threading.Thread):
    """`end` ends it, and raises what went wrong in it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self.stopped.is_set() and self.step():
                pass
        except Exception as failure:  # noqa: BLE001  told by `end`
            self.failure = failure

    def step(self) -> bool:
        """One connection or question; False when there is nothing more to come."""
        raise NotImplementedError

    def end(self, seconds: float = 30) -> None:
        self.stopped.set()
        self.join(seconds)
        if self.failure is not None:
            raise self.failure
        assert not self.is_alive(), "it did not end"


class Asker(Reader):
    """At a steady rate, each question on a connection of its own, or all on one that is kept."""

    def __init__(self, ask: Callable[[httpx.Client], httpx.Response], user: User, *, keep: bool, rate: float) -> None:
        super().__init__()
        self._ask = ask
        self._pause = 1 / rate
        headers = {} if keep else {"Connection": "close"}
        self._http = user.deployment.http(headers={"Authorization": f"Bearer {user.token}", **headers})
        self.answers = 0
        self.failures: list[str] = []

    def step(self) -> bool:
        begun = time.monotonic()
        try:
            answer = self._ask(self._http)
            if not answer.is_success:
                self.failures.append(f"{answer.status_code} {answer.text[:200]}")
        except httpx.HTTPError as error:
            self.failures.append(repr(error))
        self.answers += 1
        self.stopped.wait(max(0.0, begun + self._pause - time.monotonic()))
        return True


class OutputReader(Reader):
    """All of one run's output, by SSE; it ends with the run."""

    def __init__(self, card: Card) -> None:
        super().__init__()
        self._card = card
        self._http = card.project.client.http
        self.rows: list[Row] = []
        self.connects = 0
        self.ended = False

    def step(self) -> bool:
        headers = {"Last-Event-ID": str(self.rows[-1].number)} if self.rows else {}
        timeout = httpx.Timeout(10, read=30)
        answers = self._http.stream("GET", f"{self._card.path}/output", headers=headers, timeout=timeout)
        with contextlib.suppress(httpx.HTTPError), answers as answer:
            if answer.is_success:
                self.connects += 1
                for row in read_rows(self._lines(answer)):
                    if row.kind == "reset":  # everything follows from the first
                        self.rows.clear()
                    else:
                        self.rows.append(row)
        if not self.ended:
            time.sleep(_PAUSE)
        return not self.ended

    def _lines(self, answer: httpx.Response) -> Iterator[str]:
        for line in answer.iter_lines():
            self.ended = self.ended or line == "event: end"
            yield line


class BoardReader(Reader):
    """The cards that a board's WebSocket told of. It goes on after the last event that it has seen, and reads the
    project anew when it is told that this cannot be; never of its own accord."""

    def __init__(self, user: User, project_id: str) -> None:
        super().__init__()
        self._user = user
        self._client = user.client()
        self._project_id = project_id
        self._after: str | None = None
        self.cards: set[str] = set()
        self.resets = 0
        self.connects = 0
        self.losses: list[str] = []
        self.listening = threading.Event()

    def expect(self, cards: Sequence[str], seconds: float) -> None:
        """Wait until it has been told of all."""
        enough = time.monotonic() + seconds
        while missed := [number for number, card in enumerate(cards) if card not in self.cards]:
            if self.failure is not None:
                raise self.failure
            told = f"{len(self.cards)} told, {self.connects} connects, {self.resets} resets, after {self._after}"
            assert time.monotonic() < enough, f"of {len(cards)} cards not told: {missed}; {told}; {self.losses}"
            time.sleep(_PAUSE)

    def step(self) -> bool:
        try:
            self._listen()
        except (OSError, websockets.WebSocketException) as error:
            self.losses.append(repr(error))
        self.stopped.wait(_PAUSE)
        return True

    def _listen(self) -> None:
        deployment = self._user.deployment
        way = socket.create_connection(deployment.door, 10)
        headers = {"Authorization": f"Bearer {self._user.token}"}
        url, trust = "wss://opencode.local/api/ws", deployment.trust()
        with connect(url, sock=way, ssl=trust, additional_headers=headers, open_timeout=10) as live:
            self.connects += 1
            asked = {"type": "subscribe", "project_id": self._project_id}
            live.send(json.dumps(asked | ({"after": self._after} if self._after else {})))
            while not self.stopped.is_set():
                with contextlib.suppress(TimeoutError):
                    self._hear(json.loads(live.recv(timeout=1)))

    def _hear(self, said: dict[str, object]) -> None:
        if "event" in said:
            self._after = str(said["id"])
            event = said["event"]
            assert isinstance(event, dict)
            if event["type"] == "task_changed" and event["change"] == "created":
                self.cards.add(event["taskId"])
        elif said["type"] == "reset":  # another controller counts anew
            self.resets += 1
            self._after = None
        elif said["type"] == "subscribed":
            if self._after is None:
                self._read_anew()
            self._after = str(said["id"])
            self.listening.set()

    def _read_anew(self) -> None:
        cursor = ""
        while cursor is not None:
            path = f"/projects/{self._project_id}/tasks?limit=200" + (f"&cursor={cursor}" if cursor else "")
            page = self._client.call("GET", path)
            self.cards.update(card["id"] for card in page["items"])
            cursor = page["next_cursor"]
