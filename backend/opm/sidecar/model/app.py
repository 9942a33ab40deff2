"""Serves the demo model. No pass is asked for: it holds no secret, and OpenCode could not show one."""

from collections import OrderedDict

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from opm.sidecar.app import read_body
from opm.sidecar.errors import Refused, on_refused
from opm.sidecar.model.conversation import Request, reply
from opm.sidecar.model.play import MODEL, Dropped, Played, whole
from opm.sidecar.model.script import Failure
from opm.wire.json import without_lone_halves

NAME = "Demo model (scripted)"
_LARGEST_BODY = 32 << 20
_REMEMBERED = 1_000


class Attempts:
    """The only state there is: how often a point that fails a few times has been tried."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._counts: OrderedDict[str, int] = OrderedDict()

    def fails(self, failure: Failure, key: str) -> bool:
        if failure.times is None:
            return True
        tried = self._counts.pop(key, 0) + 1
        self._counts[key] = tried
        while len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return tried <= failure.times


def create() -> Starlette:
    attempts = Attempts()

    async def completions(http: HttpRequest) -> Response:
        body = await read_body(http, _LARGEST_BODY)
        try:
            request = msgspec.json.decode(without_lone_halves(body), type=Request)
        except (msgspec.DecodeError, RecursionError):
            return _error(400, "This is not a chat completions request.")
        answer = reply(request)
        failure = answer.turn.failure
        if failure is not None and attempts.fails(failure, answer.key):
            headers = {} if failure.retry_after is None else {"Retry-After": f"{failure.retry_after:g}"}
            return _error(failure.status, failure.message, headers)
        prompt_tokens = max(1, len(body) // 4)
        if request.stream:
            return Played(answer, prompt_tokens)
        try:
            return JSONResponse(await whole(answer, prompt_tokens))
        except Dropped:
            return Played(answer, prompt_tokens)

    return Starlette(
        routes=[
            Route("/v1/chat/completions", completions, methods=["POST"]),
            Route("/v1/models", models),
            Route("/health", health),
        ],
        exception_handlers={Refused: on_refused},
    )


async def models(_: HttpRequest) -> Response:
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "opm", "name": NAME}
    return JSONResponse({"object": "list", "data": [model]})


async def health(_: HttpRequest) -> Response:
    return PlainTextResponse("ok")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": "demo_model", "code": str(status)}
    return JSONResponse({"error": error}, status, headers=headers)
