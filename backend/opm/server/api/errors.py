"""The only place that knows HTTP numbers: every error, whoever raised it, leaves in one form."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from opm.server.core.errors import ErrorType, Fault, Internal, NotFound, OpmError, TooMany

log = structlog.get_logger(__name__)

STATUS: dict[ErrorType, int] = {
    ErrorType.VALIDATION_ERROR: 400,
    ErrorType.UNAUTHORIZED: 401,
    ErrorType.FORBIDDEN: 403,
    ErrorType.NOT_FOUND: 404,
    ErrorType.CONFLICT: 409,
    ErrorType.INTERNAL_ERROR: 500,
    ErrorType.KUBERNETES_ERROR: 502,
    ErrorType.SERVICE_UNAVAILABLE: 503,
}
RETRY_SECONDS = 2
_TYPES = {status: error_type for error_type, status in STATUS.items()}
_MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is too large.",
}


class ErrorInfo(BaseModel):
    type: ErrorType
    message: str = Field(description="for people: what happened and what to do")
    status: int
    details: dict[str, Any]
    request_id: str | None = Field(description="names the request in the server's log")


class ErrorBody(BaseModel):
    error: ErrorInfo


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "Refused: the request cannot be granted as it is"},
    "5XX": {"model": ErrorBody, "description": "Failed: something this server depends on, or itself"},
}


def error_response(
    scope: Scope,
    status: int,
    message: str,
    details: dict[str, Any] | None = None,
    *,
    error_type: ErrorType | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """`scope` is the request's; statuses without a type of their own count as faults of the request."""
    info: dict[str, Any] = {
        "type": error_type or _TYPES.get(status) or (ErrorType.VALIDATION_ERROR if status < 500 else _TYPES[500]),
        "message": message,
        "status": status,
        "details": details or {},
        "request_id": scope.get("request_id"),
    }
    extra = dict(headers or {})
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if status in {429, 503}:
        extra["Retry-After"] = str(info["details"].get("retry_after", RETRY_SECONDS))
    return JSONResponse({"error": info}, status, extra)


def respond(scope: Scope, exc: OpmError) -> Response:
    if isinstance(exc, Internal):
        # what it says is for the operator: it may name files and rows
        log.error("internal error", error=exc.message, exc_info=exc)
        return crashed(scope)
    if isinstance(exc, Fault):
        log.warning("fault", type=str(exc.type), error=exc.message, exc_info=exc.__cause__)
    status = 429 if isinstance(exc, TooMany) else STATUS[exc.type]
    return error_response(scope, status, exc.message, exc.details, error_type=exc.type)


def crashed(scope: Scope) -> Response:
    return error_response(
        scope, 500, "Something went wrong in the server; its log has the reason under this request id."
    )


async def _ours(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, OpmError)  # noqa: S101  what it is registered for
    return respond(request.scope, exc)


async def _validation(request: Request, exc: Exception) -> Response:
    """Names the fields and what is wrong with them; what was sent is not repeated."""
    assert isinstance(exc, RequestValidationError)  # noqa: S101  what it is registered for
    fields = [
        {"field": ".".join(str(part) for part in fault["loc"]), "reason": str(fault["msg"])} for fault in exc.errors()
    ]
    first = fields[0] if fields else {"field": "", "reason": "not valid"}
    return error_response(
        request.scope,
        400,
        f"{first['field']}: {first['reason']}",
        {**first, "fields": fields},
    )


async def _http(request: Request, exc: Exception) -> Response:
    """What the framework itself refuses: unknown addresses, wrong methods."""
    assert isinstance(exc, HTTPException)  # noqa: S101  what it is registered for
    phrase = HTTPStatus(exc.status_code).phrase
    message = exc.detail if exc.detail != phrase else _MESSAGES.get(exc.status_code, phrase)
    return error_response(request.scope, exc.status_code, message, headers=dict(exc.headers or {}))


def install(app: FastAPI) -> None:
    app.add_exception_handler(OpmError, _ours)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def no_such_address() -> NotFound:
    return NotFound(_MESSAGES[404])
