"""A day of housekeeping in a browser: finding cards, changing many, archiving a project, settings of one's own."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import PATIENCE_MS, Visitor, column
from tests.e2e.served import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]


def project_with(visitor: Visitor, name: str, *cards: str, run: bool = False) -> str:
    client = visitor.served.client()
    slug = client.call("POST", "/projects", {"name": name})["slug"]
    for title in cards:
        card = {"title": title, "description": "demo: say Done."}
        task = client.call("POST", f"/projects/{slug}/tasks", card)
        if run:
            client.call("POST", f"/projects/{slug}/tasks/{task['id']}/execute")
    return slug


def choose(page: Page, *titles: str) -> None:
    begin = page.get_by_role("button", name="Select cards")
    expect(begin).to_have_attribute("aria-pressed", "false")  # what was chosen before is done with
    begin.click()
    for title in titles:
        page.get_by_role("checkbox", name=f"Select {title}").check()


def undo(page: Page, notice: str) -> None:
    """A notice that was answered stays for a moment, so that there may be two ways back."""
    page.locator("[data-sonner-toast]", has_text=notice).get_by_role("button", name="Undo").click()


def test_many_cards_are_found_moved_deleted_and_brought_back(visitor: Visitor) -> None:
    page = visitor.page
    slug = project_with(visitor, "Many", "Paint the door", "Oil the door", "Sweep", run=True)
    page.goto(f"/p/{slug}")
    review, human = (column(page, name).get_by_role("article") for name in ("AI review", "Human review"))
    expect(review).to_have_count(3, timeout=60_000)

    page.keyboard.press("/")
    page.keyboard.type("door")
    expect(review).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=door$"))
    page.reload()
    expect(review).to_have_count(2)
    choose(page, "Paint the door", "Oil the door")
    visitor.look("cards chosen on a board")
    page.get_by_role("region", name="Selected cards").get_by_role("button", name="Move to").click()
    page.get_by_role("menuitem", name="Human review").click()
    expect(human).to_have_count(2)
    undo(page, "Moved 2 cards to Human review")
    expect(review).to_have_count(2)
    expect(human).to_have_count(0)

    choose(page, "Paint the door", "Oil the door")
    page.get_by_role("region", name="Selected cards").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No card fits")).to_be_visible()
    undo(page, "Deleted 2 cards")
    expect(review).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    expect(review).to_have_count(3)
    page.reload()
    expect(review).to_have_count(3)
    visitor.assert_content()


def test_a_project_is_archived_and_restored(visitor: Visitor) -> None:
    page = visitor.page
    slug = project_with(visitor, "Old shop", "Close the shop")
    page.goto(f"/p/{slug}/settings")
    page.get_by_role("button", name="Archive project").click()
    page.goto("/")
    archived = page.get_by_role("region", name=re.compile("Archived"))
    expect(archived.get_by_text("Old shop")).to_be_visible()
    visitor.look("dashboard with an archived project")
    archived.get_by_role("link", name="Old shop").click()
    expect(page.get_by_text("This project is archived")).to_be_visible()
    expect(column(page, "To do").get_by_role("article", name="Close the shop")).to_be_visible()
    expect(page.get_by_role("button", name="New card")).to_have_count(0)
    visitor.look("board of an archived project")
    page.goto("/")
    archived.get_by_role("button", name=re.compile("Restore")).first.click()
    expect(archived).to_have_count(0)
    expect(page.get_by_role("link", name="Old shop")).to_be_visible()
    page.goto(f"/p/{slug}")
    expect(column(page, "To do").get_by_role("article", name="Close the shop")).to_be_visible()
    visitor.assert_content()


def test_the_theme_follows_to_another_browser(visitor: Visitor, browser: Browser, served: Served) -> None:
    page = visitor.page
    page.get_by_role("button", name="You and your settings").click()
    page.get_by_role("menuitem", name="Your settings").click()
    page.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_class(re.compile("dark"))
    visitor.look("own settings")
    other = Visitor(browser, served)
    try:
        other.sign_in()
        expect(other.page.locator("html")).to_have_class(re.compile("dark"), timeout=PATIENCE_MS)
    finally:
        other.close()
    with page.expect_response(lambda response: "preferences" in response.url and response.request.method == "PATCH"):
        page.get_by_role("radio", name="Like the system").check()
    visitor.assert_content()
