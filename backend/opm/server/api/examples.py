"""Examples of everything that is sent and answered, for those who read the document.

Bodies that people write are chosen by hand; answers are put together from their schemas, with values that mean
something where the name of a field tells what it holds.
"""

from typing import Any

from opm.server.api.bodies import BODIES, SOME_ID

_MOMENT = "2026-03-01T12:30:15Z"

_FIELDS: dict[str, Any] = {
    "action": "run.start",
    "actor_name": "Ann",
    "base_url": "https://api.anthropic.com/v1",
    "created_by_name": "Ann",
    "email": "ann@example.org",
    "etag": '"1a2b-c-3d4e"',
    "event_type": "status_changed",
    "file": "src/forms/contact.py",
    "git_ref": "main",
    "git_url": "https://git.example.org/shop.git",
    "ip_address": "192.0.2.7",
    "message": "The provider answered.",
    "metadata": {"old": "todo", "new": "in_progress", "cause": "execute"},
    "model": "claude-sonnet-4-5",
    "name": "Web shop",
    "path": "src/forms/contact.py",
    "prompt": "# Add a contact form",
    "provider": "anthropic",
    "project_name": "Web shop",
    "project_slug": "web-shop",
    "rank": "a0V",
    "request_id": "id-of-the-request",
    "resource_id": SOME_ID,
    "resource_type": "session",
    "slug": "web-shop",
    "task_title": "Add a contact form",
    "title": "Add a contact form",
    "user_agent": "Mozilla/5.0",
    "user_name": "Ann",
    "verdict": "success",
}
_OF_FORMAT = {"uuid": SOME_ID, "date-time": _MOMENT, "uri": "https://example.org"}


def exemplify(document: dict[str, Any]) -> None:
    """Give each schema that is a whole body an example, and each body without a named schema one of its own."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in _contents(operation):
                for media, body in content.items():
                    if media == "application/json" and "schema" in body:
                        _give(body, schemas)


def _contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    answers = [answer["content"] for answer in operation["responses"].values() if "content" in answer]
    return [*answers, operation.get("requestBody", {}).get("content", {})]


def _give(body: dict[str, Any], schemas: dict[str, Any]) -> None:
    reference = body["schema"].get("$ref")
    if reference is None:
        body.setdefault("example", of(body["schema"], schemas))
        return
    name = reference.rpartition("/")[2]
    if "examples" not in schemas[name]:
        schemas[name]["examples"] = [BODIES[name] if name in BODIES else of(schemas[name], schemas)]


def of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", within: tuple[str, ...] = ()) -> Any:
    """A value that the schema admits; `within` are the schemas around it, which it does not repeat."""
    if "$ref" in schema:
        model = schema["$ref"].rpartition("/")[2]
        return of(schemas[model], schemas, name, (*within, model))
    for given in ("const", "default"):
        if given in schema and (given == "const" or schema[given] not in (None, "", [], {})):
            return schema[given]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _of_union(schema[union], schemas, name, within)
    return _of_type(schema, schemas, name, within)


def _of_union(choices: list[dict[str, Any]], schemas: dict[str, Any], name: str, within: tuple[str, ...]) -> Any:
    real = [choice for choice in choices if choice.get("type") != "null"]
    plain = real[0].get("type") == "string" and not {"format", "enum"} & set(real[0])
    if plain and name not in _FIELDS and len(real) < len(choices):
        return None  # a text that need not be there, and of which nothing is known
    return of(real[0], schemas, name, within)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str, within: tuple[str, ...]) -> Any:
    kind: str = schema.get("type", "")
    if kind == "object":
        fields: dict[str, dict[str, Any]] = schema.get("properties", {})
        if not fields and name in _FIELDS:
            return _FIELDS[name]
        return {field: of(part, schemas, field, within) for field, part in fields.items()}
    if kind == "array":
        items: dict[str, Any] = schema.get("items", {})
        repeats = items.get("$ref", "").rpartition("/")[2] in within
        return [] if repeats or not items else [of(items, schemas, name, within)]
    if kind == "string":
        return _OF_FORMAT.get(schema.get("format", ""), _FIELDS.get(name, "text"))
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    return False if kind == "boolean" else {}
