"""One server per module: starting OpenCode is dear, and a working day is many cards on one server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Visitor, chromium
from tests.e2e.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("served"))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def visitor(browser: Browser, served: Served) -> Iterator[Visitor]:
    someone = Visitor(browser, served)
    try:
        someone.sign_in()
        yield someone
    finally:
        someone.close()
