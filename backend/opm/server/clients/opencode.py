"""The agent of a pod, through its session sidecar."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from opm.server.clients.base import AgentEvent, MessagePage
from opm.server.clients.frames import Frames
from opm.server.clients.http import CONNECT_SECONDS, LARGEST_ANSWER, Sidecar, read_whole
from opm.server.core.errors import Unavailable

T = TypeVar("T")

_CURSOR = "X-Next-Cursor"
_LARGEST_MESSAGE = 32 << 20
"""Of one alone: there is no smaller page to ask for."""

SILENCE_SECONDS = 25.0
"""The sidecar sends a heartbeat every 10 seconds, so a longer silence means that nobody is there."""


class _Event(msgspec.Struct):
    type: str
    properties: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class HttpAgent:
    def __init__(self, sidecar: Sidecar, *, silence: float = SILENCE_SECONDS) -> None:
        self._sidecar = sidecar
        self._silence = silence

    async def create_session(self, title: str) -> str:
        created = await self._object("POST", "/session", body={"title": title})
        return str(created["id"])

    async def prompt(self, session_id: str, body: Mapping[str, Any]) -> None:
        await self._sidecar.call("POST", f"/session/{_id(session_id)}/prompt", body=dict(body))

    async def message(self, session_id: str, message_id: str) -> dict[str, Any]:
        return await self._object("GET", f"/session/{_id(session_id)}/message/{_id(message_id)}")

    async def messages(self, session_id: str, limit: int, before: str | None = None) -> MessagePage:
        query = {"limit": str(limit)} | ({"before": before} if before else {})
        most = LARGEST_ANSWER if limit > 1 else _LARGEST_MESSAGE
        path = f"/session/{_id(session_id)}/message"
        async with self._sidecar.answer("GET", path, query=query) as response:
            found = _decode(await read_whole(response, most), list[dict[str, Any]])
            return MessagePage(found, response.headers.get(_CURSOR))

    async def session(self, session_id: str) -> dict[str, Any]:
        return await self._object("GET", f"/session/{_id(session_id)}")

    async def children(self, session_id: str) -> list[dict[str, Any]]:
        return await self._list(f"/session/{_id(session_id)}/children")

    async def status(self) -> dict[str, Any]:
        return await self._object("GET", "/status")

    async def abort(self, session_id: str) -> None:
        await self._sidecar.call("POST", f"/session/{_id(session_id)}/abort")

    async def diff(self, session_id: str, message_id: str) -> list[dict[str, Any]]:
        return await self._list(f"/session/{_id(session_id)}/diff", {"messageID": message_id})

    async def permissions(self) -> list[dict[str, Any]]:
        return await self._list("/permission")

    async def questions(self) -> list[dict[str, Any]]:
        return await self._list("/question")

    async def reply_permission(self, ask_id: str, reply: str, message: str | None) -> None:
        body = {"reply": reply} | ({"message": message} if message else {})
        await self._sidecar.call("POST", f"/permission/{_id(ask_id)}/reply", body=body)

    async def reply_question(self, ask_id: str, answers: list[list[str]] | None) -> None:
        if answers is None:
            await self._sidecar.call("POST", f"/question/{_id(ask_id)}/reject")
        else:
            await self._sidecar.call("POST", f"/question/{_id(ask_id)}/reply", body={"answers": answers})

    async def models(self) -> list[dict[str, Any]]:
        return await self._list("/models")

    async def dispose(self) -> None:
        await self._sidecar.call("POST", "/dispose")

    async def events(self) -> AsyncGenerator[AgentEvent]:
        """Close it (``contextlib.aclosing``) when leaving it early: it holds a connection."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=self._silence)
        async with self._sidecar.open(
            "GET", "/events", timeout=timeout, headers={"Accept": "text/event-stream"}
        ) as response:
            frames = Frames()
            try:
                async for chunk in response.content.iter_any():
                    for data in frames.feed(chunk):
                        yield _event(data)
            except (aiohttp.ClientPayloadError, ConnectionError):
                return  # the pod dropped it, which is one of the ways a stream ends

    async def _object(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return _decode(await self._sidecar.call(method, path, body=body), dict[str, Any])

    async def _list(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        return _decode(await self._sidecar.call("GET", path, query=query), list[dict[str, Any]])


def _event(data: bytes) -> AgentEvent:
    event = _decode(data, _Event)
    return AgentEvent(event.type, event.properties)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Unavailable(
            "The pod says something that cannot be understood; its version may not fit.", reason="not_understood"
        ) from exc


def _id(value: str) -> str:
    return quote(value, safe="")
