"""What a sidecar says when it cannot do what was asked: one class, one wire form.

``{"error": {"type", "message", "status", "details"}}``, the same as the controller's, with the same types.
"""

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_TYPES = {
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    500: "INTERNAL_ERROR",
    501: "SERVICE_UNAVAILABLE",
    502: "SERVICE_UNAVAILABLE",
    503: "SERVICE_UNAVAILABLE",
    507: "SERVICE_UNAVAILABLE",
}


class Refused(Exception):
    """``message`` is shown to users: say what happened and what to do. ``details`` is JSON."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


def answer(refused: Refused) -> JSONResponse:
    error = {
        "type": _TYPES.get(refused.status, "VALIDATION_ERROR"),
        "message": refused.message,
        "status": refused.status,
        "details": refused.details,
    }
    return JSONResponse({"error": error}, refused.status, headers={"Cache-Control": "no-store"})


async def on_refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)  # noqa: S101 - registered for this class alone
    return answer(exc)


async def on_http_exception(_: Request, exc: Exception) -> Response:
    """Starlette's own: no such route, no such method."""
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    return answer(Refused(status, f"The sidecar cannot serve this request: {HTTPStatus(status).phrase.lower()}."))


async def on_surprise(_: Request, exc: Exception) -> Response:
    """The traceback goes to the log; the caller learns only that it is our fault."""
    return answer(Refused(500, "The sidecar failed; its log says why.", fault=type(exc).__name__))
