"""The messages of a session, read backwards in pages, each small enough to be taken at once."""

from typing import Any

import structlog

from opm.server.clients.base import AgentClient, MessagePage
from opm.server.core.errors import Unavailable

log = structlog.get_logger(__name__)

_PAGE = 20
_MOST = 10_000

Message = dict[str, Any]


_UNREAD: Message = {"info": {"id": "", "role": "assistant", "finish": "stop", "time": {"completed": 0}}, "parts": []}
"""Stands for the newest one where that is too large even alone: much was said, and nothing tells that it went wrong."""


async def since(agent: AgentClient, session_id: str, message_id: str | None, *, words: bool = True) -> list[Message]:
    """All from the newest back to the one named, or the first. Without `words`, only the newest keep their parts:
    how a long run ended can be told without holding all that it said.

    One that is too large even alone hides those before it; the message named is there all the same.
    """
    found: list[Message] = []
    before: str | None = None
    while True:
        page = await _page(agent, session_id, before)
        if page is None:
            log.warning("a message is too large to be read", session=session_id)
            named = [await agent.message(session_id, message_id)] if message_id else []
            return [*named, *(found or [_UNREAD])]
        keep = words or len(found) < _PAGE
        found[:0] = page.messages if keep else [{**message, "parts": []} for message in page.messages]
        before = page.older
        if before is None or len(found) >= _MOST or any(m["info"]["id"] == message_id for m in page.messages):
            return found


async def _page(agent: AgentClient, session_id: str, before: str | None) -> MessagePage | None:
    limit = _PAGE
    while True:
        try:
            return await agent.messages(session_id, limit, before)
        except Unavailable as exc:
            if exc.details.get("reason") != "too_large":
                raise
        if limit == 1:
            return None
        limit //= 4
