"""Each overlay is built once in a session."""

import pytest

from tests.deploy.database import server
from tests.deploy.metrics import families
from tests.deploy.rendering import OVERLAYS, Json, render

__all__ = ["families", "server"]


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def objects(overlay: str, tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    return render(overlay, tmp_path_factory.mktemp(overlay))


@pytest.fixture(scope="session")
def kind(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    return render("kind", tmp_path_factory.mktemp("kind"))
