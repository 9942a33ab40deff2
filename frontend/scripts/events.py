"""Prints what crosses the WebSocket and the output stream as an OpenAPI document without paths.

OpenAPI has no place for events, so their TypeScript is generated from this one, with the same generator.
"""

import json
from typing import Any

from opm.wire import events
from pydantic import BaseModel

REF = "#/components/schemas/{model}"


class Wire(BaseModel):
    """Names everything a browser can hear or say."""

    envelope: events.Envelope
    control: events.Control
    request: events.AnyRequest
    output: events.AnyOutput


def document() -> dict[str, Any]:
    schema = Wire.model_json_schema(mode="serialization", by_alias=True, ref_template=REF)
    parts: dict[str, Any] = schema["$defs"]
    # Unions have no name of their own in a schema; browsers want to speak of them by name.
    parts["AnyBoardEvent"] = parts["Envelope"]["properties"]["event"]
    parts["Envelope"]["properties"]["event"] = {"$ref": REF.format(model="AnyBoardEvent")}
    parts["AnyOutput"] = schema["properties"]["output"]
    parts["AnyRequest"] = schema["properties"]["request"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Events", "version": "1"},
        "paths": {},
        "components": {"schemas": parts},
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
