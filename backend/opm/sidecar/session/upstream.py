"""The one voice that speaks to OpenCode: with the pod's password, about the pod's workspace, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from opm.sidecar.errors import Refused
from opm.sidecar.session.slim import Slimmer
from opm.wire.json import without_lone_halves

_CONNECT_SECONDS = 2.0
_TOTAL_SECONDS = 30.0
_PROBE_SECONDS = 0.5
_SILENCE_SECONDS = 30.0  # OpenCode beats every 10 s on a stream that lives
_LARGEST_ANSWER = 64 << 20
_KEEP_SECONDS = 4.0  # well under OpenCode's own ten, so that no request meets a connection that just closed

CURSOR = "X-Next-Cursor"

_NOT_THERE = "OpenCode does not answer in this pod; it may be starting. Try again shortly, or restart the pod."
_RETRY_AFTER = 2


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    cursor: str | None = None
    """Names what comes before this page of a list."""


class _Data(msgspec.Struct):
    message: str = ""


class _Complaint(msgspec.Struct):
    """OpenCode's two forms of error in one."""

    name: str = ""
    tag: str = msgspec.field(name="_tag", default="")
    data: _Data = msgspec.field(default_factory=_Data)
    message: str = ""


class OpenCode:
    def __init__(self, url: str, password: str, workspace: str) -> None:
        self._url = url
        self._workspace = workspace
        basic = aiohttp.encode_basic_auth("opencode", password)
        self._headers = {"Authorization": basic, "Accept-Encoding": "identity"}
        self._http: aiohttp.ClientSession
        self._proven_closed = False

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """A JSON answer or an empty one; anything else is a `Refused` that says what the caller can do."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._http.request(
                method,
                self._url + path,
                params={**(query or {}), "directory": self._workspace},
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_TOTAL_SECONDS, connect=_CONNECT_SECONDS),
            ) as response:
                answer = _judge(response.status, response.content_type, await _read(response))
                return replace(answer, cursor=response.headers.get(CURSOR))
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as exc:
            raise unavailable(exc) from exc

    async def events(self) -> aiohttp.ClientResponse:
        """The stream of every directory, open and answering; the caller closes it."""
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        try:
            response = await self._http.get(
                self._url + "/global/event",
                headers={**self._headers, "Accept": "text/event-stream"},
                allow_redirects=False,
                timeout=timeout,
            )
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as exc:
            raise unavailable(exc) from exc
        if response.status != 200 or response.content_type != "text/event-stream":
            response.close()
            raise _refused_by_upstream(response.status, b"")
        return response

    async def health(self) -> str | None:
        """OpenCode's version if it is well, within half a second.

        Always on a new connection: one made while OpenCode is still starting is accepted and never answered.
        """
        timeout = aiohttp.ClientTimeout(total=_PROBE_SECONDS)
        connector = aiohttp.TCPConnector(force_close=True)
        try:
            async with aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            ) as http:
                if not self._proven_closed:
                    await self._prove_closed(http)
                async with http.get(self._url + "/global/health", headers=self._headers) as response:
                    if response.status != 200 or response.content_type != "application/json":
                        return None
                    found = msgspec.json.decode(await _read(response), type=dict[str, object])
        except (aiohttp.ClientError, TimeoutError, ConnectionError, msgspec.DecodeError):
            return None
        version = found.get("version")
        return version if found.get("healthy") is True and isinstance(version, str) else None

    async def _prove_closed(self, http: aiohttp.ClientSession) -> None:
        """A pod whose OpenCode answers without the password is not ready: anything local could drive it."""
        async with http.get(self._url + "/global/health") as response:
            if response.status != 401:
                raise Refused(503, "OpenCode answers without a password; restart the pod.")
        self._proven_closed = True


def unavailable(cause: BaseException | None = None) -> Refused:
    reason = type(cause).__name__ if cause else "no answer"
    return Refused(503, _NOT_THERE, reason=reason, retry_after=_RETRY_AFTER)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body, slimmer = bytearray(), Slimmer()
    async for chunk in response.content.iter_any():
        body += slimmer.feed(chunk)
        if len(body) > _LARGEST_ANSWER:
            raise Refused(502, "OpenCode's answer is larger than 64 MiB; ask for less.", reason="too_large")
    body += slimmer.rest()
    return without_lone_halves(bytes(body))


def _judge(status: int, content_type: str, body: bytes) -> Answer:
    if status == 204 or (status == 200 and not body):
        return Answer(204, content_type, b"")
    if status != 200:
        raise _refused_by_upstream(status, body)
    if content_type != "application/json":
        # What OpenCode does not know it answers with 200 and its own web page.
        raise Refused(502, "OpenCode does not know this route; its version does not fit.")
    return Answer(status, content_type, body)


def _refused_by_upstream(status: int, body: bytes) -> Refused:
    try:
        complaint = msgspec.json.decode(body, type=_Complaint)
    except msgspec.DecodeError:
        complaint = _Complaint()
    name = (complaint.name or complaint.tag)[:100]
    said = (complaint.data.message or complaint.message)[:500]
    if status in {400, 404, 409, 422}:
        kept = 400 if status == 422 else status
        return Refused(kept, said or f"OpenCode refused this ({name or status}).", upstream=name)
    if status == 401:
        return Refused(503, "OpenCode does not accept the pod's password; restart the pod.", upstream=name)
    return Refused(502, f"OpenCode failed ({name or status}).", upstream=name, upstream_status=status)
