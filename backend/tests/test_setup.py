"""Set-up of a clone: what is done again and what is not, and what the front end's digest depends on."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BACKEND = Path(__file__).resolve().parent.parent


def load(path: Path) -> ModuleType:
    """A program that is no part of the package."""
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


setup: Any = load(BACKEND.parent / "scripts" / "setup.py")
check: Any = load(BACKEND.parent / "scripts" / "check.py")
web_assets: Any = load(BACKEND / "web_assets.py")


def step(folder: Path, make: Callable[[], None], wanted: str = "v1", **more: Any) -> Any:
    return setup.Step("a step", folder / "made" / ".stamp", wanted, make, **more)


def silent(_line: str) -> None:
    """Nobody listens."""


def test_a_step_is_done_once_and_again_when_what_it_needs_changed(tmp_path: Path) -> None:
    done: list[str] = []
    for wanted in ("v1", "v1", "v2", "v2"):
        setup.perform([step(tmp_path, lambda wanted=wanted: done.append(wanted), wanted)], silent)
    assert done == ["v1", "v2"]


def test_a_step_that_broke_off_is_done_again_even_if_it_had_been_done_before(tmp_path: Path) -> None:
    setup.perform([step(tmp_path, lambda: None, "v1")], silent)

    def break_off() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setup.perform([step(tmp_path, break_off, "v2")], silent)
    assert not step(tmp_path, break_off, "v2").is_fresh()
    assert not step(tmp_path, break_off, "v1").is_fresh()


def test_an_environment_with_more_in_it_is_enough(tmp_path: Path) -> None:
    setup.perform([step(tmp_path, lambda: None, "lock dev")], silent)
    assert step(tmp_path, lambda: None, "lock run", enough=("lock dev",)).is_fresh()
    assert not step(tmp_path, lambda: None, "other run", enough=("other dev",)).is_fresh()


def test_a_product_outside_the_clone_that_vanished_is_made_again(tmp_path: Path) -> None:
    program, named = tmp_path / "program", tmp_path / "path"

    def install() -> None:
        program.touch()
        named.write_text(str(program))

    setup.perform([step(tmp_path, install, product=named)], silent)
    assert step(tmp_path, install, product=named).is_fresh()
    program.unlink()
    assert not step(tmp_path, install, product=named).is_fresh()


def test_progress_names_every_step_and_its_number(tmp_path: Path) -> None:
    said: list[str] = []
    setup.perform([step(tmp_path, lambda: None)], said.append)
    assert said[0] == "[1/1] a step ..."
    assert said[1].startswith("[1/1] a step: done in ")


def test_a_failing_program_stops_set_up_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(setup.SetupError, match="ended with status 3"):
        setup.run([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path)


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    for name in ("package.json", "src/main.tsx", "src/board/Card.test.tsx", "node_modules/x/index.js", ".vite/cache"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["package.json", "src/main.tsx", "src/new.tsx"])
def test_a_source_of_the_pages_changes_their_digest(frontend: Path, name: str) -> None:
    before = web_assets.digest(frontend)
    (frontend / name).write_text("changed")
    assert web_assets.digest(frontend) != before


@pytest.mark.parametrize("name", ["src/board/Card.test.tsx", "node_modules/x/index.js", ".vite/cache"])
def test_what_is_no_source_of_the_pages_does_not(frontend: Path, name: str) -> None:
    before = web_assets.digest(frontend)
    (frontend / name).write_text("changed")
    assert web_assets.digest(frontend) == before


def test_a_renamed_source_changes_the_digest(frontend: Path) -> None:
    before = web_assets.digest(frontend)
    (frontend / "src" / "main.tsx").rename(frontend / "src" / "other.tsx")
    assert web_assets.digest(frontend) != before


def test_the_summary_of_checks_names_the_failed_ones() -> None:
    text = check.summary([check.Outcome("lint", 0, 0.4), check.Outcome("types", 1, 12.0)])
    assert "ok" in text
    assert "12.0 s  types" in text
    assert text.endswith("1 of 2 checks failed: types")
    assert check.summary([check.Outcome("lint", 0, 0.4)]).endswith("all passed")


@pytest.mark.parametrize(
    ("asked", "first", "then", "status", "told"),
    [
        ("true", 1, 0, 0, "all passed; ONLY WHEN TRIED AGAIN, what failed first is above: test"),
        ("true", 1, 1, 1, "1 of 1 checks failed: test"),
        ("true", 2, 0, 2, "1 of 1 checks failed: test"),
        ("true", 0, 1, 0, "all passed"),
        ("", 1, 0, 1, "1 of 1 checks failed: test"),
    ],
)
def test_what_failed_is_tried_again_where_that_is_asked_for_and_this_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str, first: int, then: int, status: int, told: str
) -> None:
    monkeypatch.setenv("OPM_TRY_AGAIN", asked)
    ends = [(sys.executable, "-c", f"raise SystemExit({code})") for code in (first, then)]
    outcome = check.perform(check.Check("test", list(ends[0]), tmp_path, again=ends[1]))
    assert outcome.status == status
    assert check.summary([outcome]).endswith(told)


def test_an_unknown_check_is_refused() -> None:
    assert check.main(["lnit"]) == 2
