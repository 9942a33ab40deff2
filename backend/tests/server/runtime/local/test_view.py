"""What is told of a pod in the moments between its states."""

from pathlib import Path
from uuid import uuid4

import pytest

from opm.server.runtime.base import Part, PodPhase
from opm.server.runtime.local.keeper import Keeper
from opm.server.runtime.local.plan import PartPlan
from opm.server.runtime.local.settings import LocalSettings
from opm.server.runtime.local.view import PodView
from opm.server.runtime.redaction import Redactor


def a_keeper(part: Part, *, ready: bool = True, failures: int = 0, reason: str | None = None) -> Keeper:
    settings = LocalSettings(data_dir=Path("unused"), opencode=Path("unused"))
    keeper = Keeper(PartPlan(part, 4000, Path("unused")), settings, redact=Redactor(), ring=lambda: None)
    keeper.ready, keeper.failures, keeper.reason = ready, failures, reason
    return keeper


@pytest.fixture
def whole() -> dict[Part, Keeper]:
    return {part: a_keeper(part) for part in (Part.OPENCODE, Part.FILES, Part.SESSION)}


@pytest.fixture
def view() -> PodView:
    return PodView(uuid4(), digest="one", wanted=True)


def test_a_whole_pod_runs_and_has_an_address(view: PodView, whole: dict[Part, Keeper]) -> None:
    seen = view.observation(whole)
    assert seen.phase is PodPhase.RUNNING
    assert seen.endpoint is not None
    assert seen.endpoint.files_url == "http://127.0.0.1:4000"


def test_sidecars_without_opencode_are_no_running_pod(view: PodView, whole: dict[Part, Keeper]) -> None:
    del whole[Part.OPENCODE]
    seen = view.observation(whole)
    assert (seen.phase, seen.endpoint) == (PodPhase.PENDING, None)


def test_the_first_death_is_pending_and_the_second_a_failure(view: PodView, whole: dict[Part, Keeper]) -> None:
    for failures, phase in ((1, PodPhase.PENDING), (2, PodPhase.FAILED)):
        whole[Part.FILES] = a_keeper(Part.FILES, ready=False, failures=failures, reason="it ended")
        seen = view.observation(whole)
        assert (seen.phase, seen.reason) == (phase, "it ended")


def test_stopping_wins_over_all_else(view: PodView, whole: dict[Part, Keeper]) -> None:
    view.stopping = True
    assert view.observation(whole).phase is PodPhase.STOPPING


def test_without_parts_it_is_the_wish_that_tells(view: PodView) -> None:
    assert view.observation({}).phase is PodPhase.PENDING
    view.wanted = False
    assert view.observation({}).phase is PodPhase.ABSENT
    view.trouble = "The project could not be stopped: 2 processes stayed."
    seen = view.observation({})
    assert (seen.phase, seen.reason) == (PodPhase.FAILED, view.trouble)
