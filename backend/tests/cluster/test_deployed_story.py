"""The product as it is deployed, by its front door: what a person does, and many projects that come and go."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from playwright.sync_api import Browser, expect

from tests.cluster.deployment import URL, Deployment, User, browser_words
from tests.cluster.real import PROJECTS
from tests.e2e.browser import card_in, chromium
from tests.e2e.provided import Person
from tests.e2e.served import Served, wait_for

pytestmark = pytest.mark.timeout(900)
SLOW_MS = 180_000
"""Of what waits for a pod."""
AT_ONCE = 3

SCRIPT = """\
demo: say I look around.
demo: write tea.md Three minutes.
demo: next
demo: stream 100 10
demo: write cup.md One cup.
demo: next
demo: say The tea is ready.
"""


class FrontDoor:
    """The product where a browser finds it."""

    url = URL


@pytest.fixture(scope="module")
def browser(deployment: Deployment) -> Iterator[Browser]:
    with chromium(*browser_words(deployment)) as started:
        yield started


def test_somebody_signs_in_and_has_a_card_done_by_a_real_agent(
    browser: Browser, deployment: Deployment, alice: User
) -> None:
    person = Person(browser, cast("Served", FrontDoor()), deployment.realm, "alice")
    try:
        person.enter()
        board = person.project("Tea on a cluster")
        page = person.page
        page.keyboard.press("c")
        page.get_by_label("Title").fill("Tea timer")
        page.get_by_label("What the agent should do").fill(SCRIPT)
        page.get_by_role("button", name="Create & run", exact=True).click()
        card_in(page, "In progress", "Tea timer").get_by_role("link", name="Tea timer").click()
        panel = page.get_by_role("complementary", name="Card").last
        expect(panel.get_by_text("t00010")).to_be_visible(timeout=SLOW_MS)
        assert not panel.get_by_text("The tea is ready.").is_visible(), "it is seen as it comes"

        client = alice.client()
        project = client.call("GET", f"/projects/{board.split('/')[2]}")
        pod = client.call("GET", f"/projects/{project['slug']}/pod")
        assert sorted(part["part"] for part in pod["parts"] if part["ready"]) == [
            "files",
            "model",
            "opencode",
            "session",
        ]
        seen = deployment.kubectl.get("pod", deployment.pod_of(project["id"]))["status"]["containerStatuses"]
        assert [one["ready"] for one in seen] == [True] * 4

        expect(panel.get_by_text("The tea is ready.").first).to_be_visible(timeout=SLOW_MS)
        expect(card_in(page, "AI review", "Tea timer")).to_be_visible(timeout=SLOW_MS)
        for column in ("Human review", "Done"):
            page.get_by_role("button", name="Approve").click()
            expect(card_in(page, column, "Tea timer")).to_be_visible()
        person.assert_content()
    finally:
        person.close()
    assert deployment.left_of(project["id"]), "or the next look would prove nothing"
    client.call("DELETE", f"/projects/{project['slug']}")
    wait_for(lambda: not deployment.left_of(project["id"]), 150, "the end of all that a project had")


def test_many_projects_come_run_and_go_and_leave_nothing(
    deployment: Deployment, alice: User, record_property: Callable[[str, object], None]
) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as workers:
        lives = list(workers.map(lambda number: _life(deployment, alice, number), range(PROJECTS)))
    record_property("seconds", round(time.monotonic() - begun, 1))
    record_property("ready_seconds", sorted(round(seconds, 1) for _, seconds in lives))
    left = {project: deployment.left_of(project) for project, _ in lives}
    assert {project: objects for project, objects in left.items() if objects} == {}


def _life(deployment: Deployment, alice: User, number: int) -> tuple[str, float]:
    """The project's id, and seconds from creation until all of its pod was ready."""
    client = alice.client()
    begun = time.monotonic()
    project = client.project(f"Many {number}")
    project_id = project.id
    client.call("POST", f"{project.path}/start")
    wait_for(lambda: client.call("GET", f"{project.path}/pod")["phase"] == "running", 240, "a pod")
    ready = time.monotonic() - begun
    card = project.card("Short", "write a.txt a", "next", "say Done.")
    card.execute()
    card.until("ai_review", 180)
    client.call("DELETE", project.path)
    wait_for(lambda: not deployment.left_of(project_id), 150, f"the end of project {number}")
    return project_id, ready
