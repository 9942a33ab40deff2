"""The OpenAPI document, with the events: their unions are part of the contract, although no route returns them."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from opm.server.api import examples, promises
from opm.wire import events

TAGS = [
    {"name": "auth", "description": "Signing in and out, tokens, one's own preferences."},
    {"name": "people", "description": "For administrators: who may come in."},
    {"name": "projects", "description": "Projects and their pods: made, started, stopped, archived, deleted."},
    {"name": "tasks", "description": "The cards of the board, one by one and many at once, and templates for them."},
    {"name": "runs", "description": "What agents do with cards: begin, cancel, output, changes."},
    {"name": "interactions", "description": "What people and agents say to each other: messages, asks, answers."},
    {"name": "files", "description": "The workspace: tree, contents, search, upload and download."},
    {"name": "terminals", "description": "Shells in the pod."},
    {"name": "config", "description": "Versions of how agents work: provider, model, tools, permissions."},
    {"name": "audit", "description": "Who did what, and when."},
    {"name": "ops", "description": "For those who keep the server running."},
]
"""What the groups of the document are about."""

_REF = "#/components/schemas/{model}"


class _Wire(BaseModel):
    """Names everything that a browser can hear or say outside of requests and answers."""

    envelope: events.Envelope
    control: events.Control
    request: events.AnyRequest
    output: events.AnyOutput


def install(app: FastAPI) -> None:
    plain = app.openapi

    def with_events() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            document.setdefault("components", {}).setdefault("schemas", {}).update(event_schemas())
            promises.promise(document)
            examples.exemplify(document)
        return plain()

    app.openapi = with_events  # FastAPI's documented way to extend the document


def event_schemas() -> dict[str, Any]:
    """Unions have no name of their own in a schema; clients want to speak of them by name."""
    made = _Wire.model_json_schema(mode="serialization", ref_template=_REF)
    parts: dict[str, Any] = made["$defs"]
    parts["AnyBoardEvent"] = parts["Envelope"]["properties"]["event"]
    parts["Envelope"]["properties"]["event"] = {"$ref": _REF.format(model="AnyBoardEvent")}
    parts["AnyOutput"] = made["properties"]["output"]
    parts["AnyRequest"] = made["properties"]["request"]
    return parts
