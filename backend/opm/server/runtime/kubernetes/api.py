"""The cluster's API, as much of it as is used here: patient with a busy server, never with a silent one.

Every verb may be repeated: objects have fixed names, so what was done already answers as such.
"""

import asyncio
import random
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.kubernetes.credentials import Cluster
from opm.server.runtime.kubernetes.objects import Status

MANAGER = "opm"
TRIES = 5
SECONDS = 20.0
LONGEST_PAUSE = 10.0
BUSY = frozenset({429, 500, 502, 503, 504})
LARGEST = 64 << 20


class ApiError(RuntimeFault):
    """The API answered, and not as hoped."""

    def __init__(self, code: int, reason: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"The Kubernetes API says: {message or reason or code}", code=code, reason=reason)
        self.code = code
        self.reason = reason
        self.said = message
        self.retry_after = retry_after

    @property
    def is_passing_conflict(self) -> bool:
        """Somebody else wrote at the same time; not: it exists already, or it is not the one that was meant."""
        return self.code == 409 and self.reason == "Conflict" and "recondition" not in self.said


class ApiSilent(RuntimeFault):
    """The API did not answer."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object, in one namespace."""

    plural: str
    group: str = ""
    version: str = "v1"

    def path(self, namespace: str, name: str = "", sub: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return "/".join(part for part in (f"{root}/namespaces/{namespace}/{self.plural}", name, sub) if part)


PODS, CLAIMS = Kind("pods"), Kind("persistentvolumeclaims")
CONFIG_MAPS, SECRETS, EVENTS = Kind("configmaps"), Kind("secrets"), Kind("events")
POLICIES = Kind("networkpolicies", "networking.k8s.io")
POD_METRICS = Kind("pods", "metrics.k8s.io", "v1beta1")


class Api:
    def __init__(self, cluster: Cluster, namespace: str, *, pace: float = 1.0) -> None:
        """`pace` stretches the pauses between attempts."""
        self.namespace = namespace
        self._cluster = cluster
        self._pace = pace
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def get(self, kind: Kind, name: str, sub: str = "", **query: str) -> bytes | None:
        """None: there is no such object."""
        try:
            return await self.request("GET", kind.path(self.namespace, name, sub), query=query)
        except ApiError as exc:
            if exc.code == 404:
                return None
            raise

    async def create(self, kind: Kind, manifest: Mapping[str, Any], **query: str) -> bytes:
        return await self.request("POST", kind.path(self.namespace), query=query, body=manifest)

    async def apply(self, kind: Kind, manifest: Mapping[str, Any]) -> bytes:
        """Made, or made like this one (server-side apply)."""
        path = kind.path(self.namespace, str(manifest["metadata"]["name"]))
        query = {"fieldManager": MANAGER, "force": "true"}
        return await self.request("PATCH", path, query=query, body=manifest, content="application/apply-patch+yaml")

    async def delete(self, kind: Kind, name: str, *, uid: str = "") -> bool:
        """Whether there was one; with `uid`, that one and no later one of its name."""
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            await self.request("DELETE", kind.path(self.namespace, name), body=options)
        except ApiError as exc:
            if exc.code == 404 or (exc.code == 409 and uid):
                return False
            raise
        return True

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content: str = "application/json",
    ) -> bytes:
        data = None if body is None else msgspec.json.encode(body)
        fault: RuntimeFault
        for attempt in range(TRIES):
            try:
                async with self.opened(method, path, query, data, content, seconds=SECONDS) as response:
                    return await _all(response)
            except ApiError as exc:
                if exc.code not in BUSY and not exc.is_passing_conflict:
                    raise
                fault, pause = exc, exc.retry_after
            except ApiSilent as exc:
                fault, pause = exc, None
            if attempt == TRIES - 1:
                raise fault
            await asyncio.sleep(self.pause(attempt, pause))
        raise AssertionError  # pragma: no cover

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds before the next attempt: as asked, else longer each time and never in step with others."""
        grown = min(LONGEST_PAUSE, 0.25 * 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311  # nosec B311
        return self._pace * (max(min(asked, LONGEST_PAUSE), grown) if asked is not None else grown)

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content: str = "application/json",
        *,
        seconds: float,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """One attempt, refusals raised; after so many seconds the whole answer has to be there."""
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = content
        try:
            token = self._cluster.token()
            if token:
                headers["Authorization"] = f"Bearer {token}"
            async with self._pool().request(
                method,
                self._cluster.server + path,
                params=query,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=5.0),
            ) as response:
                if response.status >= 300:
                    raise await _refusal(response)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise ApiSilent(f"The Kubernetes API does not answer ({type(exc).__name__}).") from exc

    def _pool(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector = aiohttp.TCPConnector(
                ssl=self._cluster.tls or True, limit=64, keepalive_timeout=60, socket_factory=_socket
            )
            self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._http


async def _all(response: aiohttp.ClientResponse) -> bytes:
    body = await response.read()
    if len(body) > LARGEST:
        raise ApiSilent("The Kubernetes API answers with more than 64 MiB.")
    return body


async def _refusal(response: aiohttp.ClientResponse) -> ApiError:
    body = (await response.content.read(64 << 10))[: 64 << 10]
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        status = Status(message=f"HTTP {response.status}")
    asked = response.headers.get("Retry-After", "")
    return ApiError(
        response.status, status.reason, status.message[:2000], retry_after=float(asked) if asked.isdigit() else None
    )


def _socket(address: Any) -> socket.socket:
    """A watch is silent for minutes; the kernel notices within half of one when its other end is gone."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made
