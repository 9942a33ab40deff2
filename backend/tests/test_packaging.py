"""The wheel, as a stranger meets it: built from this tree, put into an empty environment, served, ended."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

BACKEND = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.wheel, pytest.mark.timeout(600)]


def uv(*words: str | Path, cwd: Path) -> None:
    beside = BACKEND.parent / ".tools" / "bin" / "uv"
    program = beside if beside.is_file() else shutil.which("uv")
    assert program, "uv is missing; `make setup` installs it"
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run([program, *words], cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"uv {' '.join(map(str, words))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist made from the tree and a wheel made from that sdist, away from any front end."""
    out = tmp_path_factory.mktemp("dist")
    uv("build", "--python", sys.executable, "--out-dir", out, BACKEND, cwd=out)
    return out


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment that got the wheel and what the lock says it needs."""
    home = tmp_path_factory.mktemp("install")
    locked, venv = home / "locked.txt", home / "venv"
    uv("export", "-q", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "-o", locked, cwd=BACKEND)
    uv("venv", "--python", sys.executable, venv, cwd=home)
    (wheel,) = built.glob("*.whl")
    uv("pip", "install", "--python", venv / "bin" / "python", "--constraint", locked, wheel, cwd=home)
    return venv / "bin"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, trust_env=False)

    def wait_until_healthy(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"ended at start:\n{self.log.read_text()[-3000:]}"
            with contextlib.suppress(httpx.TransportError):
                if self.get("/api/healthz").status_code == 200:
                    return
            time.sleep(0.1)
        pytest.fail(f"not healthy after {seconds} s:\n{self.log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = home / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [installed / "opm", "serve", "--port", port, "--data-dir", home / "data"],
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        running = Server(process, f"http://127.0.0.1:{port}", log)
        running.wait_until_healthy()
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_wheel_and_sdist_carry_the_pages_and_the_migrations(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    inside_wheel = zipfile.ZipFile(wheel).namelist()
    with tarfile.open(sdist) as archive:
        inside_sdist = [name.partition("/")[2] for name in archive.getnames()]
    for names in (inside_wheel, inside_sdist):
        assert "opm/_web/index.html" in names
        assert any(name.startswith("opm/server/db/migrations/versions/") for name in names)
        assert not any(name.startswith("tests/") or "node_modules" in name for name in names)


def test_pages_and_their_assets_are_served(server: Server) -> None:
    page = server.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    asset = re.search(r'"(/assets/[^"]+-[\w-]{8,}\.js)"', page.text)
    assert asset, page.text
    script = server.get(asset.group(1))
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]


def test_a_deep_link_gets_the_page_and_a_missing_asset_does_not(server: Server) -> None:
    assert server.get("/p/some-project").text == server.get("/").text
    missing = server.get("/assets/gone-00000000.js")
    assert missing.status_code == 404
    assert "<html" not in missing.text


def test_the_api_answers_in_its_own_form(server: Server) -> None:
    unknown = server.get("/api/there-is-no-such-thing")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["type"] == "NOT_FOUND"


def test_it_ends_when_told(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=10) == 0, server.log.read_text()[-3000:]
