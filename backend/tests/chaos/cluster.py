"""Controllers as processes, which can be killed, paused, stopped and started, and somebody signed in to all of them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.chaos.pods import Pods
from tests.postgres import end_with_parent, free_port

_BACKEND = Path(__file__).resolve().parents[2]
_LAUNCH = re.compile(r"/launch#([\w-]{40,})")
START_SECONDS = 90
REFUSED = (aiohttp.ClientError, ConnectionError, TimeoutError)


class Controller:
    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        home.mkdir(parents=True)
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "log"
        self._environment = environment | {
            "OPM_DATA_DIR": str(home / "data"),
            "OPM_PORT": str(self.port),
            "OPM_METRICS__PORT": str(self.metrics_port),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.controller"],
                cwd=_BACKEND,
                env=kept | {"HOME": str(self.log.parent)} | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,  # noqa: PLW1509  no thread runs here
            )

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    async def stop(self) -> float:
        """Seconds until it had ended by itself."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        assert self.process is not None
        while self.process.poll() is None and time.monotonic() - began < 60:
            await asyncio.sleep(0.05)
        assert self.process.poll() == 0, self.log.read_text()[-3000:]
        return time.monotonic() - began

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()


class Cluster:
    """`http` speaks to all of them, with one sign-in. Without `pods` theirs are where their settings say."""

    def __init__(self, home: Path, database: str, redis: str, pods: Pods | None, count: int = 3, **more: str) -> None:
        key_file = home / "secret.keys"
        environment = {
            "OPM_DATABASE__URL": database,
            "OPM_REDIS__URL": redis,
            "OPM_SECRET_KEY_FILE": str(key_file),
            "OPM_LOG__FORMAT": "json",
            "OPM_DEMO__ENABLED": "always",
            "OPM_RUN__LEASE": "5",
            "OPM_DATABASE__IDLE_TIMEOUT": "3",  # to the lease as it is by default
            "OPM_LIMITS__RUNS": "60",
            "OPM_LIMITS__RUNS_PER_USER": "60",
            "OPM_LIMITS__STREAMS_PER_USER": "5000",
            "OPM_LIMITS__CONNECTIONS": "5000",
            "OPM_LIMITS__CONNECTIONS_PER_ADDRESS": "5000",
        }
        environment |= {"CHAOS_PODS": pods.url} if pods else {}
        environment |= {f"OPM_RATES__{name}": "" for name in ("PER_USER", "PER_ADDRESS", "SIGN_IN")}
        self.controllers = [Controller(home / f"c{number}", environment | more) for number in range(count)]

    async def __aenter__(self) -> "Cluster":
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), cookie_jar=aiohttp.DummyCookieJar())
        try:
            # the first makes the key file; the others find it
            self.controllers[0].start()
            await self.ready(self.controllers[0])
            for controller in self.controllers[1:]:
                controller.start()
            await asyncio.gather(*(self.ready(controller) for controller in self.controllers))
            await self._sign_in()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        for controller in self.controllers:
            controller.end()

    async def ready(self, controller: Controller, seconds: float = START_SECONDS) -> float:
        """Seconds until it said so."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            assert controller.process is not None
            assert controller.process.poll() is None, controller.log.read_text()[-3000:]
            if await self.is_ready(controller):
                return time.monotonic() - began
            await asyncio.sleep(0.1)
        pytest.fail(f"a controller is not ready after {seconds} s:\n{controller.log.read_text()[-3000:]}")

    async def is_ready(self, controller: Controller) -> bool:
        try:
            async with self.http.get(f"{controller.url}/api/readyz", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == 200
        except REFUSED:
            return False

    async def _sign_in(self) -> None:
        launch = _LAUNCH.findall(self.controllers[0].log.read_text())[-1]
        url = f"{self.controllers[0].url}/api/auth/launch"
        async with self.http.post(url, json={"token": launch}, headers={"X-OPM-Client": "api"}) as answer:
            assert answer.status == 200, await answer.text()
            self.token = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

    async def call(self, method: str, path: str, body: Any = None, *, seconds: float = 60, first: int = 0) -> Any:
        """As a patient program does it: anywhere, again and again, under one key, until it is answered."""
        headers = self.token | ({"Idempotency-Key": uuid4().hex} if method == "POST" else {})
        deadline = time.monotonic() + seconds
        said = "nothing"
        for attempt in range(10_000):
            controller = self.controllers[(first + attempt) % len(self.controllers)]
            try:
                async with self.http.request(
                    method, f"{controller.url}/api{path}", json=body, headers=headers
                ) as answer:
                    if answer.status < 300:
                        return await answer.json() if answer.content_length != 0 else None
                    said = f"{answer.status} {await answer.text()}"
                    assert answer.status in {409, 425, 503, 429}, said
            except REFUSED as exc:
                said = repr(exc)
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        pytest.fail(f"{method} {path} was not answered: {said}")
