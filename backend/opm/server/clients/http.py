"""How the controller speaks to sidecars: one pool, a fresh pass for every request, bounded in size and time.

What a sidecar refuses becomes our own error of the same meaning; what breaks on the way becomes `Unavailable`.
Nothing is sent twice: whoever needs that asks first what arrived.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import aiohttp
import msgspec
from yarl import URL

from opm.server.clients.base import Hold
from opm.server.core.errors import Conflict, Forbidden, Invalid, NotFound, OpmError, Unavailable
from opm.wire import fence, passes

LARGEST_ANSWER = 8 << 20
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 35.0
"""Somewhat longer than a sidecar waits for OpenCode, so that its reason arrives before our patience ends."""

_LARGEST_COMPLAINT = 2 << 20  # the text in the way of a write may come with it
_READ_BUFFER = 1 << 20
_KEEP_ALIVE_SECONDS = 3.0
"""Less than the 5 seconds after which a sidecar closes: a request must not meet a connection that just closed."""

_CONNECTIONS_PER_POD_PART = 64

_MEANINGS: dict[int, type[OpmError]] = {
    400: Invalid,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    408: Invalid,
    409: Conflict,
    413: Invalid,
    416: Invalid,
    422: Invalid,
}


class _Said(msgspec.Struct):
    message: str = ""
    details: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class _Complaint(msgspec.Struct):
    error: _Said


def open_pool() -> aiohttp.ClientSession:
    """Call it where the event loop runs."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=_CONNECTIONS_PER_POD_PART, keepalive_timeout=_KEEP_ALIVE_SECONDS
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept-Encoding", "User-Agent"),
        read_bufsize=_READ_BUFFER,
        trust_env=False,
    )


class Sidecar:
    """One part of one pod."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        project_id: UUID,
        part: passes.PassPart,
        key: bytes,
        hold: Hold | None = None,
    ) -> None:
        self._hold = hold
        self._http = http
        self._url = url.rstrip("/")
        self._project_id = project_id
        self._part: passes.PassPart = part
        self._key = key

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> bytes:
        """The answer's body, whole; its absence is b''."""
        async with self.answer(method, path, query=query, body=body) as response:
            return await read_whole(response, LARGEST_ANSWER)

    def answer(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One that is all there before long."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        return self.open(method, path, query=query, body=body, timeout=timeout)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        welcome: frozenset[int] = frozenset({200, 201, 204}),
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """An answer whose body is still to come, with one of the statuses that are `welcome`."""
        try:
            async with self._http.request(
                method,
                self._address(path, query),
                data=content if body is None else msgspec.json.encode(body),
                headers=self._headers(method, path, body, headers),
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                if response.status not in welcome:
                    raise _complaint(response.status, await read_whole(response, _LARGEST_COMPLAINT))
                yield response
        except TimeoutError as exc:
            raise Unavailable(
                "The pod of this project does not answer in time; try again, or restart the pod.", reason="timeout"
            ) from exc
        except (aiohttp.ClientError, ConnectionError) as exc:
            raise Unavailable(
                "The pod of this project cannot be reached; it may be starting. Try again in a moment.",
                reason="unreachable",
            ) from exc

    @asynccontextmanager
    async def socket(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket, open; refused as requests are."""
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS) as opening,
                self._http.ws_connect(
                    self._address(path, query), headers=self._headers("GET", path, None, None), max_msg_size=1 << 20
                ) as socket,
            ):
                opening.reschedule(None)
                yield socket
        except aiohttp.WSServerHandshakeError as exc:
            raise _complaint(exc.status, b"") from exc
        except TimeoutError as exc:
            raise Unavailable("The pod of this project does not answer in time.", reason="timeout") from exc
        except (aiohttp.ClientError, ConnectionError) as exc:
            raise Unavailable("The pod of this project cannot be reached.", reason="unreachable") from exc

    def _address(self, path: str, query: Mapping[str, str] | None) -> URL:
        # The pass names the path as it stands in the request line, so nothing may be rewritten on the way.
        return URL(f"{self._url}{path}{'?' + urlencode(query) if query else ''}", encoded=True)

    def _headers(self, method: str, path: str, body: object, more: Mapping[str, str] | None) -> dict[str, str]:
        token = passes.issue(self._key, project_id=self._project_id, part=self._part, method=method, path=path)
        headers = {"Authorization": f"Bearer {token}", **(more or {})}
        if self._hold is not None:
            headers[fence.HEADER] = fence.said(self._hold())
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers


async def body_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The bytes as they come; a break on the way is ours to name."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as exc:
        raise Unavailable("The pod broke off in the middle of its answer; try again.", reason="broken_off") from exc


async def read_whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    found = bytearray()
    async for chunk in response.content.iter_any():
        found += chunk
        if len(found) > limit:
            raise Unavailable(f"The pod's answer is larger than {limit >> 10} KiB; ask for less.", reason="too_large")
    return bytes(found)


def _complaint(status: int, body: bytes) -> OpmError:
    try:
        said = msgspec.json.decode(body, type=_Complaint).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Said()
    if status == 401:
        # Not the user's sign-in: this pod and this controller do not share a key (or a clock).
        error: OpmError = Unavailable("The pod does not accept this server's passes; restart the pod.")
        error.details = {"reason": "pass_refused"}
        return error
    meaning = _MEANINGS.get(status, Unavailable)
    error = meaning(said.message[:1000] or f"The pod of this project refused this (status {status}).")
    error.details = said.details
    return error
