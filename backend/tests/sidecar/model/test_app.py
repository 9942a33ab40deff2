"""The demo model over HTTP: the form of OpenAI's chat completions, and faults on demand."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from opm.sidecar.model.app import Attempts, create
from opm.sidecar.model.script import Failure
from tests.sidecar.support import served


class Model:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http

    def ask(self, script: str, *, stream: bool = True) -> Any:
        body = {"model": "demo", "stream": stream, "messages": [{"role": "user", "content": script}]}
        return self.http.post("/v1/chat/completions", json=body)

    async def chunks(self, script: str) -> list[dict[str, Any]]:
        async with self.ask(script) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")
            lines = (await response.text()).split("\n\n")
        assert lines[-2:] == ["data: [DONE]", ""]
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]

    async def whole(self, script: str) -> dict[str, Any]:
        async with self.ask(script, stream=False) as response:
            assert response.status == 200
            return await response.json()


@pytest.fixture
async def model() -> AsyncGenerator[Model]:
    async with served(create()) as url, aiohttp.ClientSession(url) as http:
        yield Model(http)


def deltas(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


async def test_a_streamed_answer(model: Model) -> None:
    chunks = await model.chunks("demo: rate 0\ndemo: think Hm\ndemo: say Hello you there\ndemo: say Bye")

    found = deltas(chunks)
    assert found[0] == {"role": "assistant", "reasoning_content": "Hm"}
    assert [delta.get("content") for delta in found[1:-1]] == ["Hello ", "you ", "there", "\n\n", "Bye"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 6
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


async def test_tool_calls(model: Model) -> None:
    script = 'demo: rate 0\ndemo: say Look\ndemo: run ls\ndemo: tool read {"filePath": "x"}'
    chunks = await model.chunks(script)
    calls = [call for delta in deltas(chunks) for call in delta.get("tool_calls", [])]

    assert [(call["index"], call["function"]["name"]) for call in calls] == [(0, "bash"), (1, "read")]
    assert json.loads(calls[1]["function"]["arguments"]) == {"filePath": "x"}
    assert len({call["id"] for call in calls}) == 2
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"

    message = (await model.whole(script))["choices"][0]["message"]
    assert message["content"] == "Look"
    assert message["tool_calls"][0] == {key: calls[0][key] for key in ("id", "type", "function")}


async def test_the_whole_answer_at_once(model: Model) -> None:
    script = 'demo: rate 0\ndemo: think Hm\ndemo: say Hi\ndemo: finish length\ndemo: usage {"prompt_tokens": 7}'
    found = await model.whole(script)

    assert found["object"] == "chat.completion"
    assert found["choices"][0]["message"] == {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
    assert found["choices"][0]["finish_reason"] == "length"
    assert found["usage"] == {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


async def test_the_same_question_has_the_same_answer(model: Model) -> None:
    assert await model.whole("demo: rate 0\ndemo: run ls") == await model.whole("demo: rate 0\ndemo: run ls")


async def test_words_come_at_a_pace_a_human_can_see(model: Model) -> None:
    async with model.ask("demo: say " + "word " * 15) as response:
        arrivals = [time.monotonic() async for _ in response.content.iter_any()]

    assert arrivals[-1] - arrivals[0] > 0.4
    assert len(arrivals) > 8


async def test_a_number_of_words_at_a_rate(model: Model) -> None:
    found = [delta["content"] for delta in deltas(await model.chunks("demo: stream 2000 0")) if "content" in delta]

    assert (len(found), found[0], found[-1]) == (2000, "t00001 ", "t02000 ")


async def test_waiting_first_means_silence(model: Model) -> None:
    begun = time.monotonic()
    async with model.ask("demo: wait 0.5\ndemo: say Hi"):
        answered = time.monotonic() - begun

    assert answered >= 0.5


async def test_failing_some_times_and_then_not(model: Model) -> None:
    async def ask() -> tuple[int, str | None]:
        async with model.ask("demo: fail 503 2 0.5\ndemo: say Hi") as response:
            return response.status, response.headers.get("Retry-After")

    assert [await ask() for _ in range(4)] == [(503, "0.5"), (503, "0.5"), (200, None), (200, None)]


async def test_failing_for_ever(model: Model) -> None:
    for _ in range(3):
        async with model.ask("demo: error 401 No key\ndemo: say Hi") as response:
            assert response.status == 401
            assert (await response.json())["error"]["message"] == "No key"


@pytest.mark.parametrize("script", ["demo: rate 0\ndemo: say Hello\ndemo: drop\ndemo: say never", "demo: drop"])
@pytest.mark.parametrize("stream", [True, False])
async def test_dropping_the_connection(model: Model, script: str, stream: bool) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        async with model.ask(script, stream=stream) as response:
            assert b"never" not in await response.read()


async def test_a_reader_who_leaves_ends_the_answer() -> None:
    async with served(create()) as url, aiohttp.ClientSession(url) as http:
        async with Model(http).ask("demo: say Hi\ndemo: wait 3000") as response:
            await response.content.readany()
            assert len(playing()) == 1
        for _ in range(50):
            if not playing():
                break
            await asyncio.sleep(0.05)
        assert not playing()


def playing() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if "Played" in repr(task.get_coro())]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": 1}', b"\xff", b"[" * 100_000])
async def test_what_is_no_request(model: Model, body: bytes) -> None:
    async with model.http.post("/v1/chat/completions", data=body) as response:
        assert response.status == 400
        assert "error" in await response.json()


async def test_it_names_itself_as_what_it_is(model: Model) -> None:
    async with model.http.get("/v1/models") as response:
        found = (await response.json())["data"]
    async with model.http.get("/health") as response:
        assert await response.text() == "ok"

    assert [(entry["id"], entry["name"]) for entry in found] == [("demo", "Demo model (scripted)")]


def test_the_memory_of_attempts_is_bounded() -> None:
    attempts = Attempts(most=2)
    once = Failure(503, "", times=1)

    assert [attempts.fails(once, key) for key in ("a", "a", "b", "c", "a")] == [True, False, True, True, True]
