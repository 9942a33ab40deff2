"""A large workspace through the API: a tree of 100,000 files beside ``find``, and a gigabyte through two hops beside
nginx, which passes it on from another nginx."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from bench.figures import Figure
from bench.load import Target, fetch, swallow
from bench.machine import cpu_seconds
from bench.serving import serving
from opm.server.runtime.base import Part
from opm.server.runtime.local.layout import PodLayout
from opm.server.runtime.local.store import read_record

Measured = list[tuple[str, list[Figure]]]
_SIZE, _IN_FOLDER = 1 << 20, 1_000


async def run(home: Path, *, files: int, mebibytes: int, rounds: int) -> Measured:
    with serving(home) as (served, client):
        project = client.project("Large")
        root = project.workspace(served)
        assert served.process
        record = read_record(PodLayout.of(served.data, UUID(project.id)))
        assert record
        pids = [served.process.pid, record.parts[Part.FILES].identity.pid]
        folders = _fill(root, files)
        token = client.http.headers["authorization"].removeprefix("Bearer ")
        base = f"{served.url}/api{project.path}/files"
        tree = [Target(f"{base}/tree?path=many/{folder}", pids[0], token) for folder in folders]
        measured = [await _tree(tree, root, files, rounds)]
        _big(root / "big.bin", mebibytes)
        ours = Target(f"{base}/content?path=big.bin", pids[0], token)
        return [*measured, *await _stream(ours, pids, root, home / "nginx", mebibytes, rounds)]


async def _tree(targets: list[Target], workspace: Path, files: int, rounds: int) -> tuple[str, list[Figure]]:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        for target in targets:
            await fetch(target)
        ours.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        await asyncio.to_thread(_find, workspace / "many")
        theirs.append((time.perf_counter() - began) * 1000)
    return (
        f"A tree of {files} files, folder by folder ({len(targets)})",
        [
            Figure("opm: one request for each folder", "ms", ours),
            Figure("find -printf, the whole", "ms", theirs),
            Figure("opm : find", "times", [a / b for a, b in zip(ours, theirs, strict=True)]),
            Figure("opm, for each folder", "ms", [number / len(targets) for number in ours]),
        ],
    )


def _find(folder: Path) -> None:
    command = ["find", ".", "-printf", r"%P\t%y\t%s\t%T@\t%l\n"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)


async def _stream(ours: Target, pids: list[int], workspace: Path, home: Path, mebibytes: int, rounds: int) -> Measured:
    if shutil.which("nginx") is None:
        print("nginx is not installed, so the stream of a large file was not measured against it")
        return []
    rates: dict[str, list[float]] = {"opm": [], "nginx": []}
    costs: dict[str, list[float]] = {"opm": [], "nginx": []}
    with nginx(workspace, home) as (url, workers):
        sides = {"opm": (ours, pids), "nginx": (Target(f"{url}/big.bin", workers[0]), workers)}
        for number in range(rounds):
            for name in sorted(sides, reverse=bool(number % 2)):
                target, serving_pids = sides[name]
                before, began = sum(map(cpu_seconds, serving_pids)), time.perf_counter()
                assert await swallow(target) == mebibytes * _SIZE
                rates[name].append(mebibytes / (time.perf_counter() - began))
                costs[name].append((sum(map(cpu_seconds, serving_pids)) - before) * 1000 / mebibytes)
    return [
        (
            f"A file of {mebibytes} MiB, read through two hops",
            [
                Figure("opm: controller and sidecar", "MiB/s", rates["opm"]),
                Figure("nginx: proxy_pass to a second server", "MiB/s", rates["nginx"]),
                Figure("speed, opm : nginx", "times", _ratios(rates)),
                Figure("CPU of all servers, opm", "ms/MiB", costs["opm"]),
                Figure("CPU of all servers, nginx", "ms/MiB", costs["nginx"]),
                Figure("CPU, opm : nginx", "times", _ratios(costs)),
            ],
        )
    ]


def _ratios(sides: dict[str, list[float]]) -> list[float]:
    return [a / max(b, 0.001) for a, b in zip(sides["opm"], sides["nginx"], strict=True)]


def _fill(workspace: Path, files: int) -> list[str]:
    """Folders of a thousand small files."""
    folders = [f"folder-{number:04}" for number in range(max(files // _IN_FOLDER, 1))]
    for folder in folders:
        directory = workspace / "many" / folder
        directory.mkdir(parents=True)
        for number in range(min(files, _IN_FOLDER)):
            (directory / f"file-{number:04}.txt").write_bytes(b"A small file.\n")
    return folders


def _big(path: Path, mebibytes: int) -> None:
    piece = os.urandom(_SIZE)
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(piece)


@contextlib.contextmanager
def nginx(root: Path, home: Path) -> Iterator[tuple[str, list[int]]]:
    """Two servers in one nginx: one reads files, the other passes on what that says. Its address, and its processes."""
    home.mkdir(parents=True)
    front, back = _free_port(), _free_port()
    (home / "nginx.conf").write_text(f"""
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
user {"root" if os.geteuid() == 0 else "nobody"};
events {{ worker_connections 64; }}
http {{
  access_log off;
  {" ".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
  sendfile on;
  server {{ listen 127.0.0.1:{back}; root {root}; }}
  server {{
    listen 127.0.0.1:{front};
    location / {{ proxy_pass http://127.0.0.1:{back}; proxy_buffering off; proxy_http_version 1.1; }}
  }}
}}
""")
    process = subprocess.Popen(["nginx", "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")])
    try:
        _until_open(front)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield f"http://127.0.0.1:{front}", [process.pid, *map(int, children)]
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _until_open(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")
