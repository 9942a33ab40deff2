"""The OpenAPI document, with the events: their unions are part of the contract, although no route returns them."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from opm.wire.events import AnyOutput, AnyRequest, Control, Envelope

_UNIONS: dict[str, Any] = {
    "OutputEvent": AnyOutput,
    "SocketRequest": AnyRequest,
    "Control": Control,
    "Envelope": Envelope,
}


def install(app: FastAPI) -> None:
    plain = app.openapi

    def with_events() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = plain()
        schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
        for name, union in _UNIONS.items():
            made = TypeAdapter[Any](union).json_schema(
                ref_template="#/components/schemas/{model}", mode="serialization"
            )
            schemas.update(made.pop("$defs", {}))
            schemas[name] = made
        return document

    app.openapi = with_events  # FastAPI's documented way to extend the document
