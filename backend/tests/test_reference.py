"""The reference pages tell all there is, and the ones in the repository are the ones the code gives."""

import json
from enum import StrEnum
from pathlib import Path

import click
import pytest
from pydantic import BaseModel, Field

from opm import reference
from opm.cli import main, read_settings
from opm.server.app import create_app
from opm.server.core.errors import ErrorType
from opm.server.features.tasks.states import STEPS, TaskStatus

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGES = REPOSITORY / "docs" / "reference"


class Inner(BaseModel):
    speed: int = Field(3, description="how fast | how slow")


class Outer(BaseModel):
    name: str = Field(description="who")
    inner: Inner = Field(default_factory=Inner)


def test_settings_are_listed_with_their_variable_default_and_meaning() -> None:
    page = reference.settings_page(Outer)
    assert "| `OPM_NAME` | `name` | (required) | who |" in page
    assert "| `OPM_INNER__SPEED` | `inner.speed` | `3` | how fast \\| how slow |" in page


def test_every_event_of_both_unions_has_a_section() -> None:
    page = reference.events_page()
    for name in ("pod_status", "task_status_changed", "session_output", "file_changed", "tool", "completion"):
        assert f"### `{name}`\n" in page
    assert "`oldStatus`" in page  # the name on the wire, not the one in Python


def test_every_error_type_is_listed_with_its_status() -> None:
    page = reference.errors_page()
    assert all(f"`{kind}`" in page for kind in ErrorType)
    assert "| `404` |" in page or "| 404 |" in page


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
    committed = json.loads((REPOSITORY / "backend" / "openapi.json").read_text())
    assert committed == create_app(read_settings()).openapi(), "stale: run `make generate`"
