"""What every operation promises beside its own answer: who may ask, how refusals look, that nothing is sent twice."""

from typing import Any

from opm.server.api.cookies import CookieNames
from opm.server.core.settings import Settings

OPEN_TO_ALL = frozenset({"launch", "refresh", "logout", "healthz", "readyz"})
_ERROR = {"$ref": "#/components/schemas/ErrorBody"}
_REFUSALS: dict[int, tuple[str, str, str, dict[str, Any]]] = {
    400: (
        "Invalid",
        "VALIDATION_ERROR",
        "body.title: String should have at least 1 character",
        {"field": "body.title", "reason": "String should have at least 1 character", "fields": []},
    ),
    401: ("SignedOut", "UNAUTHORIZED", "You are not signed in; open a launch address.", {}),
    403: ("Forbidden", "FORBIDDEN", "This request comes from another page.", {}),
    404: ("Missing", "NOT_FOUND", "There is no such project.", {"project": "web-shop"}),
    409: ("Conflict", "CONFLICT", "Somebody changed this card while you edited it.", {"version": 7}),
    413: ("TooLarge", "VALIDATION_ERROR", "The body is too large.", {"limit": 262144}),
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
    503: "A part that this needs is away or just starting; `Retry-After` says when to ask again",
}
_TAG = {"ETag": {"description": "names this state of what was read", "schema": {"type": "string"}}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An `ETag` that you have; nothing is sent if it still holds.",
    "schema": {"type": "string", "maxLength": 1000},
}
NOT_AGAIN = {"description": "You have it: the `ETag` still holds", "headers": _TAG}


def promise(document: dict[str, Any]) -> None:
    components = document["components"]
    components["securitySchemes"] = _schemes()
    components["responses"] = {name: _refusal(status) for status, (name, *_) in _REFUSALS.items()}
    document["security"] = [{"bearer": []}, {"session": []}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] in OPEN_TO_ALL:
                operation["security"] = []
            _refuse(operation, method, path)
            if method == "get":
                _conditional(operation)


def _schemes() -> dict[str, Any]:
    name = CookieNames.of(Settings.model_construct()).access
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "For programs: the `access_token` that `launch` and `refresh` answer to "
            "`X-OPM-Client: api`.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": name,
            "description": "For browsers: set by signing in; the number is the server's port. Behind https it is "
            "called `__Host-opm_session`.",
        },
    }


def _refusal(status: int) -> dict[str, Any]:
    _, kind, message, details = _REFUSALS[status]
    error = {"type": kind, "message": message, "status": status, "details": details, "request_id": "3f0c9a7e5b2d4c61"}
    answer: dict[str, Any] = {
        "description": _WHEN[status],
        "content": {"application/json": {"schema": _ERROR, "example": {"error": error}}},
    }
    if status == 503:
        seconds = {"description": "seconds", "schema": {"type": "integer"}}
        answer["headers"] = {"Retry-After": seconds}
    return answer


def _refuse(operation: dict[str, Any], method: str, path: str) -> None:
    refused = [400, 503]
    if operation["operationId"] not in OPEN_TO_ALL:
        refused.append(401)
    if method != "get":
        refused.append(403)
    if "{" in path:
        refused.append(404)
    if method != "get" and "{project}" in path:
        refused.append(409)
    if "requestBody" in operation:
        refused.append(413)
    for status in sorted(refused):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"})


def _conditional(operation: dict[str, Any]) -> None:
    """JSON that is read bears a tag."""
    read = operation["responses"].get("200", {})
    if list(read.get("content", {})) == ["application/json"]:
        read.setdefault("headers", {}).update(_TAG)
        operation["responses"]["304"] = NOT_AGAIN
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
