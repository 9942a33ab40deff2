"""What needs a human, seen and answered without opening a card: on the dashboard, from the bell, after a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PATIENCE_MS, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]


def test_what_waits_is_listed_with_its_age_and_answered_from_the_list(visitor: Visitor) -> None:
    page = visitor.page
    project = visitor.served.client().project("Busy")
    asking = project.card("Count lines", "run wc -l README.md", "next", "ask Tea or coffee? | Tea | Coffee", "next")
    asking.execute()
    asking.ask()
    page.goto("/")
    bell = page.get_by_role("button", name=re.compile("need your attention"))
    expect(bell).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_title(re.compile(r"^\(\d+\)"))
    waiting = page.get_by_role("region", name="Needs your attention")
    line = waiting.get_by_role("listitem").filter(has_text="Count lines")
    expect(line).to_contain_text("Needs permission")
    expect(line).to_contain_text(re.compile(r"now|\d+s ago", re.IGNORECASE))
    visitor.look("dashboard with what needs you")

    page.reload()
    line.get_by_role("button", name="Reply to Count lines").click()
    dialog = page.get_by_role("dialog", name="Count lines")
    expect(dialog.get_by_text("wc -l README.md").first).to_be_visible()
    visitor.check_page("an ask answered from the dashboard")
    dialog.get_by_role("button", name="Allow once").click()

    expect(line).to_contain_text("Asks a question", timeout=40_000)
    expect(dialog).to_have_count(0)
    bell.click()
    page.get_by_role("menuitem", name=re.compile("Count lines")).click()
    dialog.get_by_text("Coffee", exact=True).click()
    dialog.get_by_role("button", name="Send answer").click()
    asking.until("ai_review")
    assert [one["state"] for one in asking.interactions() if one["kind"] != "prompt"] == ["answered", "answered"]
    # what is left of it is a review, which leads to the card
    expect(line).to_contain_text("Waits for review", timeout=PATIENCE_MS)
    line.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/t/{asking.id}"))
    visitor.assert_content()
