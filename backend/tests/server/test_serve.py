"""The real process: what it prints, whom it refuses, how fast and how cleanly it ends."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from opm.server.core.errors import Conflict, Invalid, NotFound
from opm.server.core.settings import OidcSettings, Settings
from opm.server.serve import base_url, launch_url, listening, require_safe_address, sole_owner

LAUNCH = re.compile(r"(http://127\.0\.0\.1:(\d+))/launch#([\w-]{40,})")


class Process:
    def __init__(self, home: Path, *words: str, **environment: str) -> None:
        self.data = home / "data"
        self.out = home / f"out-{time.monotonic_ns()}"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with self.out.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "opm", *words, "--data-dir", str(self.data)],
                env=kept | {"HOME": str(home)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self.out.read_text()

    def wait(self, seconds: float = 30) -> int:
        return self.process.wait(seconds)

    def launch_address(self) -> re.Match[str]:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            found = LAUNCH.search(self.text)
            if found:
                return found
            assert self.process.poll() is None, self.text
            time.sleep(0.05)
        pytest.fail(f"no launch address after 40 s:\n{self.text}")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Process]:
    with contextlib.closing(Ending(Process(tmp_path, "serve", "--port", "0"))) as running:
        yield running.process


class Ending:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.close = process.end


def read_on(ws: ClientConnection) -> None:
    while True:
        ws.recv(5)


def test_from_the_first_start_to_a_clean_end(served: Process, tmp_path: Path) -> None:
    url, port, token = served.launch_address().groups()
    state = served.data / "server.json"
    assert json.loads(state.read_text()) == {"url": url, "pid": served.process.pid}
    for private in (state, served.data / "secret.keys", served.data / "server.lock"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.data.stat().st_mode) == 0o700

    with httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False) as browser:
        assert browser.get("/api/readyz").json() == {"status": "ready"}
        answer = browser.post("/api/auth/launch", json={"token": token})
        assert answer.status_code == 200, answer.text
        assert "server" not in answer.headers
        assert f"opm_session_{port}" in browser.cookies
        assert browser.get("/api/auth/me").status_code == 200

        another = Process(tmp_path, "launch-url")
        assert another.wait() == 0
        fresh = LAUNCH.search(another.text)
        assert fresh, another.text
        assert fresh.group(1) == url
        assert browser.post("/api/auth/launch", json={"token": fresh.group(3)}).status_code == 200

        rival = Process(tmp_path, "serve", "--port", "0")
        assert rival.wait() == 1
        assert "Another opm server uses" in rival.text
        assert "Traceback" not in rival.text

        cookie = f"opm_session_{port}={browser.cookies[f'opm_session_{port}']}"
        with connect(f"ws://127.0.0.1:{port}/api/ws", origin=url, additional_headers={"Cookie": cookie}) as ws:  # pyright: ignore[reportArgumentType]  an origin is a text
            assert json.loads(ws.recv(5))["type"] == "welcome"
            began = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                read_on(ws)
    assert served.wait() == 0
    assert time.monotonic() - began < 5
    assert not state.exists()
    assert token not in served.text.replace(f"#{token}", "")
    assert "Traceback" not in served.text

    late = Process(tmp_path, "launch-url")
    assert late.wait() == 1
    assert "No opm server runs" in late.text


def test_a_second_interrupt_ends_at_once(served: Process) -> None:
    port = int(served.launch_address().group(2))
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(
            b"POST /api/auth/launch HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
        slow.settimeout(20)
        assert slow.recv(100).startswith(b"HTTP/1.1 100"), "it waits for the body"
        served.process.send_signal(signal.SIGINT)
        time.sleep(0.7)
        assert served.process.poll() is None
        served.process.send_signal(signal.SIGINT)
        assert served.wait(2) == 130


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "opm.example.org", ""])
def test_only_loopback_is_served_without_an_identity_provider(host: str) -> None:
    with pytest.raises(Invalid, match="identity provider"):
        require_safe_address(Settings(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_served(host: str) -> None:
    require_safe_address(Settings(host=host))


OIDC = OidcSettings(issuer="https://id.example.org", client_id="opm")


@pytest.mark.parametrize("public", [None, "http://127.0.0.1:8400"])
def test_beyond_loopback_tls_has_to_stand_in_front(public: str | None) -> None:
    with pytest.raises(Invalid, match="TLS"):
        require_safe_address(Settings(host="0.0.0.0", oidc=OIDC, public_url=public))
    require_safe_address(Settings(host="0.0.0.0", oidc=OIDC, public_url="https://opm.example.org"))


def test_a_public_address_in_the_clear_is_refused_on_loopback_too() -> None:
    with pytest.raises(Invalid, match="in the clear"):
        require_safe_address(Settings(public_url="http://opm.example.org"))


def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    refused = Process(tmp_path, "serve", "--host", "0.0.0.0")
    assert refused.wait() == 1
    assert refused.text.startswith("opm: Listening on 0.0.0.0 is refused")
    assert refused.text.count("\n") == 1
    assert not refused.data.exists()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with listening(Settings(data_dir=tmp_path, port=0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(Conflict, match=f"port {port}: another program uses it"),
            listening(Settings(data_dir=tmp_path, port=port)),
        ):
            pass


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with sole_owner(tmp_path), pytest.raises(Conflict), sole_owner(tmp_path, patience=0.2):
        pass
    with sole_owner(tmp_path):
        pass


async def test_without_a_server_there_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="opm serve"):
        await launch_url(Settings(data_dir=tmp_path / "never"))
    with pytest.raises(NotFound, match="opm serve"):
        await launch_url(Settings(data_dir=tmp_path))
    with sole_owner(tmp_path), pytest.raises(NotFound, match="starting"):
        await launch_url(Settings(data_dir=tmp_path))


def test_the_address_is_the_one_people_use(tmp_path: Path) -> None:
    assert base_url(Settings(data_dir=tmp_path, host="::1", port=9)) == "http://[::1]:9"
    assert base_url(Settings(data_dir=tmp_path, public_url="https://opm.example.org/")) == "https://opm.example.org"
