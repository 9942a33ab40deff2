"""With the limits as they are shipped: somebody who works fast in a browser comes nowhere near them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Response, expect

from opm.server.core.settings import LimitSettings, RateSettings
from tests.e2e.browser import Visitor, column
from tests.e2e.served import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]

RATES, LIMITS = RateSettings(), LimitSettings()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(
        tmp_path_factory.mktemp("served"),
        OPM_RATES__PER_USER=RATES.per_user,
        OPM_RATES__PER_ADDRESS=RATES.per_address,
        OPM_RATES__SIGN_IN=RATES.sign_in,
        OPM_LIMITS__PROJECTS_PER_USER=str(LIMITS.projects_per_user),
        OPM_LIMITS__RUNS_PER_USER=str(LIMITS.runs_per_user),
    )
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_boards_are_loaded_again_and_again(browser: Browser, visitor: Visitor, served: Served) -> None:
    client = served.client()
    slug = client.call("POST", "/projects", {"name": "Fast"})["slug"]
    for number in range(10):
        client.call("POST", f"/projects/{slug}/tasks", {"title": f"Card {number}"})
    asked: list[int] = []

    def note(response: Response) -> None:
        if "/api/" in response.url:
            asked.append(response.status)

    page = visitor.page
    page.on("response", note)
    page.goto(f"/p/{slug}")
    expect(column(page, "To do").get_by_role("article")).to_have_count(10)
    page.wait_for_timeout(1000)
    once = len(asked)
    assert 0 < once < 30, "one board takes less than half of a burst"
    for _ in range(4):
        page.wait_for_timeout(700)  # as fast as somebody presses the key who waits for the page
        page.reload()
        expect(column(page, "To do").get_by_role("article")).to_have_count(10)
    assert 429 not in asked
