"""What every operation promises beside its own answer: who may ask, how refusals look, that nothing is sent twice."""

from typing import Any

from opm.server.api import refusals
from opm.server.api.cookies import CookieNames
from opm.server.api.policies import KEY, Policy
from opm.server.core.settings import Settings

_PROBES = frozenset({"healthz", "readyz"})
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
    components["responses"] = refusals.named()
    document["security"] = [{"bearer": []}, {"session": []}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation[KEY] == Policy.PUBLIC:
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
            "`X-OPM-Client: api`, or a personal access token.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": name,
            "description": "For browsers, which also send `X-CSRF-Token` with what changes something: set by signing "
            "in; the number is the server's port. Behind https it is called `__Host-opm_session`.",
        },
    }


def _refuse(operation: dict[str, Any], method: str, path: str) -> None:
    refused = [400, 503]
    if operation[KEY] != Policy.PUBLIC:
        refused.append(401)
    if operation["operationId"] not in _PROBES:
        refused.append(429)
    if method != "get" or operation[KEY] in {Policy.PERSON, Policy.ADMIN}:
        refused.append(403)
    if "{" in path or "/oidc/" in path:
        refused.append(404)
    if method != "get" and operation[KEY] != Policy.PUBLIC:
        refused.append(409)
    if "requestBody" in operation:
        refused.append(413)
    for status in sorted(refused):
        operation["responses"].setdefault(str(status), refusals.reference(status))


def _conditional(operation: dict[str, Any]) -> None:
    """JSON that is read bears a tag, unless it names a version of its own, which says less than all of it."""
    read = operation["responses"].get("200", {})
    if list(read.get("content", {})) == ["application/json"] and "ETag" not in read.get("headers", {}):
        read.setdefault("headers", {}).update(_TAG)
        operation["responses"]["304"] = NOT_AGAIN
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
