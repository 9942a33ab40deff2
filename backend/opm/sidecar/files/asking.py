"""What a request says, checked: refusals name the parameter and what it takes."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from opm.sidecar.errors import Refused

Model = TypeVar("Model", bound=BaseModel)


def parsed(kind: type[Model], body: bytes) -> Model:
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        problems = [
            {"field": ".".join(map(str, error["loc"]))[:100], "problem": error["msg"][:200]}
            for error in exc.errors(include_url=False, include_context=False, include_input=False)[:10]
        ]
        raise Refused(400, "The body is not what this request takes.", problems=problems) from None


def flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in {"true", "false"}:
        raise Refused(400, f"{name} is true or false.")
    return given == "true"


def condition(request: Request) -> str | None:
    """The version that `If-Match` names."""
    given = request.headers.get("if-match")
    if given == "*":
        raise Refused(400, "If-Match names the one version that may be replaced; use overwrite for any.")
    return given
