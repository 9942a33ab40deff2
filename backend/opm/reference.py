"""Writes the pages of `docs/reference/` out of the code they describe, so that they cannot lie.

Every page is a pure function of what it is given; `write` knows which page is made of what.
"""

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from opm.server.api.errors import STATUS
from opm.server.app import create_app
from opm.server.core.errors import Fault, OpmError, Refusal
from opm.server.core.settings import Settings
from opm.server.features.tasks import states
from opm.wire import events

NOTE = "<!-- Written by `make generate`; edit the code it describes instead. -->\n\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


PLAIN: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    UUID: "uuid",
    datetime: "time",
    Any: "any",
    type(None): "null",
}


def type_name(annotation: Any) -> str:
    """As it looks on the wire."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in inside)
    if origin is Annotated:
        return type_name(inside[0])
    if origin in {Union, UnionType}:
        return " or ".join(type_name(member) for member in inside)
    if origin in {list, tuple}:
        return f"list of {type_name(inside[0])}"
    if origin is dict:
        return "object"
    return PLAIN.get(annotation) or annotation.__name__


def default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    if field.default_factory is not None:
        return "(depends on the platform)"
    if field.default in (None, "", ()):
        return ""
    shown: Any = to_jsonable_python(field.default)
    return f"`{shown if isinstance(shown, str) else json.dumps(shown)}`"


def setting_rows(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[list[str]]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_rows(kind, here)
        else:
            variable = f"OPM_{'__'.join(here).upper()}"
            yield [f"`{variable}`", f"`{'.'.join(here)}`", default_text(field), field.description or ""]


def settings_page(model: type[BaseModel]) -> str:
    return (
        "# Settings\n\n"
        + NOTE
        + "Read once, when the server starts. The environment wins over the TOML file that `OPM_CONFIG_FILE` names "
        "(by default `opm.toml` in the platform's configuration directory); options of `opm serve` win over both.\n\n"
        + table(["Variable", "In the file", "Default", "Meaning"], list(setting_rows(model)))
    )


def union_members(union: Any) -> list[type[BaseModel]]:
    return list(get_args(get_args(union)[0]))


def event_section(model: type[BaseModel]) -> str:
    rows = [
        [f"`{field.alias or name}`", f"`{type_name(field.annotation)}`", field.description or ""]
        for name, field in model.model_fields.items()
        if name != "type"
    ]
    own_words = (model.__doc__ or "").strip()
    name = model.model_fields["type"].default
    return f"### `{name}`\n\n" + (f"{own_words}\n\n" if own_words else "") + table(["Field", "Type", "Meaning"], rows)


def events_page() -> str:
    parts = [
        "# Events\n\n" + NOTE.rstrip() + "\n",
        "## To boards, over the WebSocket\n\nEach travels in an envelope `{id, event}`; `id` is where to resume.\n",
        *(event_section(model) for model in union_members(events.AnyBoardEvent)),
        "## Output of a run, by server-sent events\n\nNumbered without gaps; the number is the event's id.\n",
        *(event_section(model) for model in union_members(events.AnyOutput)),
    ]
    return "\n".join(parts)


def error_tree(root: type[OpmError], depth: int = 0) -> Iterator[tuple[int, type[OpmError]]]:
    yield depth, root
    for child in root.__subclasses__():
        yield from error_tree(child, depth + 1)


def error_row(depth: int, error: type[OpmError]) -> list[str]:
    kind = [f"`{error.type}`", str(STATUS[error.type])] if error not in {Refusal, Fault} else ["", ""]
    return [f"{'· ' * (depth - 1)}{error.__name__}", *kind, (error.__doc__ or "").strip()]


def errors_page() -> str:
    form: dict[str, Any] = {"type": "NOT_FOUND", "message": "...", "status": 404, "details": {}, "request_id": "..."}
    return (
        "# Errors\n\n"
        + NOTE
        + f"Every refusal and failure has one form:\n\n```json\n{json.dumps({'error': form})}\n```\n\n"
        + table(
            ["Error", "`type`", "`status`", "Meaning"],
            [error_row(depth, error) for depth, error in error_tree(OpmError) if depth],
        )
    )


def states_page() -> str:
    lines = [
        f"    {source} --> {target}: {cause}"
        for cause, steps in states.STEPS.items()
        for source, target in sorted(steps)
    ]
    columns = [[f"`{status}`", label] for status, label in states.LABELS.items()]
    return (
        "# States of a card\n\n"
        + NOTE
        + table(["State", "Column"], columns)
        + "\n```mermaid\nstateDiagram-v2\n    [*] --> todo\n"
        + "\n".join(lines)
        + "\n```\n"
    )


def command_sections(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    context = click.Context(command, parent, name, max_content_width=90, terminal_width=90, **command.context_settings)
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child_name, child in sorted(command.commands.items()):
            yield from command_sections(child, child_name, context)


def cli_page(command: click.Command) -> str:
    return "# Command line\n\n" + NOTE + "\n".join(command_sections(command, "opm"))


def api_document() -> str:
    """Of the application as it is put together, over a data directory that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="opm-openapi-") as data_dir:
        app = create_app(Settings(data_dir=Path(data_dir)))
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False)


def write(folder: Path, command: click.Command) -> list[Path]:
    pages = {
        "settings.md": settings_page(Settings),
        "events.md": events_page(),
        "errors.md": errors_page(),
        "states.md": states_page(),
        "cli.md": cli_page(command),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text.rstrip() + "\n", encoding="utf-8")
    return [folder / name for name in pages]
