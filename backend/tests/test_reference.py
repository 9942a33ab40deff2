"""The reference pages tell all there is, and the ones in the repository are the ones the code gives."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import pytest
from pydantic import BaseModel, Field

from opm import reference
from opm.cli import main
from opm.server.core.errors import ErrorType
from opm.server.features.tasks.states import STEPS, TaskStatus

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = REPOSITORY / "docs" / "reference"


def test_types_are_told_as_they_are_on_the_wire() -> None:
    assert reference.type_name(Literal["a", "b"] | None) == '"a" or "b" or null'
    assert reference.type_name(list[Annotated[Inner | Outer, Field(description="x")]]) == "list of Inner or Outer"
    assert reference.type_name(dict[str, Any]) == "object"
    assert reference.type_name(datetime) == "time"


class Inner(BaseModel):
    speed: int = Field(default=3, description="how fast | how slow")


class Outer(BaseModel):
    name: str = Field(description="who")
    inner: Inner = Inner()
    patience: timedelta = Field(default=timedelta(hours=1), description="how long to wait")


def test_settings_are_listed_with_their_variable_default_and_meaning() -> None:
    page = reference.settings_page(Outer)
    assert "| `OPM_NAME` | `name` | (required) | who |" in page
    assert "| `OPM_INNER__SPEED` | `inner.speed` | `3` | how fast \\| how slow |" in page
    assert "| `OPM_PATIENCE` | `patience` | `PT1H` | how long to wait |" in page


def test_every_event_of_both_unions_has_a_section() -> None:
    page = reference.events_page()
    for name in ("pod_status", "task_status_changed", "session_output", "file_changed", "tool", "completion"):
        assert f"### `{name}`\n" in page
    assert "`oldStatus`" in page  # the name on the wire, not the one in Python


def test_every_error_type_is_listed_with_its_status() -> None:
    page = reference.errors_page()
    assert all(f"`{kind}`" in page for kind in ErrorType)
    assert "| · NotFound | `NOT_FOUND` | 404 |" in page


def test_the_diagram_draws_every_step_of_a_card() -> None:
    page = reference.states_page()
    for cause, steps in STEPS.items():
        for source, target in steps:
            assert f"    {source} --> {target}: {cause}\n" in page
    assert all(f"`{status}`" in page for status in TaskStatus)


def test_commands_within_groups_are_listed() -> None:
    class Colour(StrEnum):
        RED = "red"

    @click.group()
    def outer() -> None: ...

    @outer.group()
    def group() -> None: ...

    @group.command()
    @click.option("--colour", type=click.Choice(Colour), help="of the thing")
    def paint(colour: Colour) -> None:
        """Paint it."""

    page = reference.cli_page(outer)
    assert "## `opm group paint`" in page
    assert "of the thing" in page


@pytest.mark.parametrize("name", ["settings.md", "events.md", "errors.md", "states.md", "cli.md"])
def test_committed_pages_are_what_the_code_gives(name: str, tmp_path: Path) -> None:
    written = {page.name: page for page in reference.write(tmp_path, main)}
    assert (PAGES / name).read_text() == written[name].read_text(), "stale: run `make generate`"


def test_the_committed_api_document_is_what_the_code_gives() -> None:
    committed = (REPOSITORY / "backend" / "openapi.json").read_text()
    assert committed.strip() == reference.api_document(), "stale: run `make generate`"
