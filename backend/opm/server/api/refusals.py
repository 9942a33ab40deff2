"""How each refusal looks in the document: named once, with an example, and referred to by the operations."""

from typing import Any

_ERROR = {"$ref": "#/components/schemas/ErrorBody"}
_REFUSALS: dict[int, tuple[str, str, str, dict[str, Any]]] = {
    400: (
        "Invalid",
        "VALIDATION_ERROR",
        "body.title: String should have at least 1 character",
        {"field": "body.title", "reason": "String should have at least 1 character", "fields": []},
    ),
    401: ("SignedOut", "UNAUTHORIZED", "You are not signed in.", {}),
    403: ("Forbidden", "FORBIDDEN", "This request comes from another page.", {}),
    404: ("Missing", "NOT_FOUND", "There is no such project.", {"project": "web-shop"}),
    409: ("Conflict", "CONFLICT", "Somebody changed this card while you edited it.", {"version": 7}),
    413: ("TooLarge", "VALIDATION_ERROR", "The body is too large.", {"limit": 262144}),
    429: (
        "TooOften",
        "VALIDATION_ERROR",
        "Too many requests; try again in 2 seconds.",
        {"reason": "rate_limited", "retry_after": 2},
    ),
    503: (
        "NotNow",
        "SERVICE_UNAVAILABLE",
        "The workspace is starting; this takes a few seconds.",
        {"reason": "pod_starting", "retry_after": 1},
    ),
}
_WHEN = {
    400: "Something in the request is not as it must be; `details` names the fields",
    401: "Nobody is signed in",
    403: "Not from here, or not by this person",
    404: "It is not there, or not yours: the two cannot be told apart",
    409: "It does not fit what is there now; `details.reason` says what",
    413: "The body is too large, too deep, or has too many parts",
    429: "Too often, from this person or address; `Retry-After` says when to ask again",
    503: "A part that this needs is away or just starting; `Retry-After` says when to ask again",
}


def named() -> dict[str, Any]:
    """All of them, by name."""
    return {name: _refusal(status) for status, (name, *_) in _REFUSALS.items()}


def reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}


def _refusal(status: int) -> dict[str, Any]:
    _, kind, message, details = _REFUSALS[status]
    error = {"type": kind, "message": message, "status": status, "details": details, "request_id": "id-of-the-request"}
    answer: dict[str, Any] = {
        "description": _WHEN[status],
        "content": {"application/json": {"schema": _ERROR, "example": {"error": error}}},
    }
    if status in {429, 503}:
        seconds = {"description": "seconds", "schema": {"type": "integer"}}
        answer["headers"] = {"Retry-After": seconds}
    return answer
