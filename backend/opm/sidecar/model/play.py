"""Plays a turn over HTTP, at the pace the script asks for, as OpenAI's chat completions do."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opm.sidecar.model.conversation import Reply
from opm.sidecar.model.script import Drop, Rate, Say, Stream, Tool, Wait

MODEL = "demo"
_WORD = re.compile(r"\S+\s*|\s+")


class Dropped(Exception):
    """The script wants the connection to end here."""


async def deltas(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    """The deltas of one answer, each when its time has come."""
    rate, said, tools = 0.0, False, 0
    for step in reply.turn.steps:
        match step:
            case Rate(words):
                rate = words
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Say(text, thought):
                field = "reasoning_content" if thought else "content"
                paragraph = "\n\n" if said and not thought else ""
                said = said or not thought
                for word in _WORD.findall(paragraph + text):
                    yield {field: word}
                    await _pause(rate)
            case Stream(count, pace):
                for number in range(1, count + 1):
                    yield {"content": f"t{number:05} "}
                    await _pause(pace)
            case Tool(name, arguments):
                call = {"name": name, "arguments": arguments}
                identifier = f"call_{reply.key}_{tools}"
                yield {"tool_calls": [{"index": tools, "id": identifier, "type": "function", "function": call}]}
                tools += 1
            case Drop():
                raise Dropped


async def _pause(rate: float) -> None:
    if rate:
        await asyncio.sleep(1 / rate)


class Played(Response):
    """The streamed form. Nothing is sent before the first delta, so a script that waits first is truly silent."""

    media_type = "text/event-stream"

    def __init__(self, reply: Reply, prompt_tokens: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._reply = reply
        self._prompt_tokens = prompt_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        playing = asyncio.create_task(self._play(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({playing, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            playing.cancel()
            gone.cancel()
            ended, _ = await asyncio.gather(playing, gone, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    async def _play(self, send: Send) -> None:
        begun, count = False, 0

        async def put(data: bytes, *, more: bool = True) -> None:
            nonlocal begun
            if not begun:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                begun = True
            await send({"type": "http.response.body", "body": b"data: %b\n\n" % data, "more_body": more})

        try:
            async for delta in deltas(self._reply):
                await put(self._chunk([_choice(delta if count else {"role": "assistant", **delta})]))
                count += 1
        except Dropped:
            if not begun:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            return  # without an end: the server then closes the connection
        turn = self._reply.turn
        await put(self._chunk([_choice({}, turn.finish_reason)]))
        await put(self._chunk([], usage=usage(self._reply, self._prompt_tokens, count)))
        await put(b"[DONE]", more=False)

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return msgspec.json.encode(envelope(self._reply, "chat.completion.chunk", choices, **more))


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


async def whole(reply: Reply, prompt_tokens: int) -> dict[str, Any]:
    """The unstreamed form of the same answer."""
    said, thought, calls, count = "", "", list[dict[str, Any]](), 0
    async for delta in deltas(reply):
        count += 1
        said += delta.get("content", "")
        thought += delta.get("reasoning_content", "")
        calls += delta.get("tool_calls", [])
    message: dict[str, Any] = {"role": "assistant", "content": said or None}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = [{key: call[key] for key in ("id", "type", "function")} for call in calls]
    choice = {"index": 0, "message": message, "finish_reason": reply.turn.finish_reason}
    return envelope(reply, "chat.completion", [choice], usage=usage(reply, prompt_tokens, count))


def envelope(reply: Reply, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    identifier = f"chatcmpl-{reply.key}"
    return {"id": identifier, "object": kind, "created": 0, "model": MODEL, "choices": choices, **more}


def usage(reply: Reply, prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    counted = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, **reply.turn.usage}
    return {**counted, "total_tokens": counted["prompt_tokens"] + counted["completion_tokens"]}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
