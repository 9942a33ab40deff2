"""What a person does who has a repository: enter it, watch it come, mend a wrong token; and templates for cards."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Visitor, chromium
from tests.e2e.served import Served
from tests.gitserver import GitServer, repository, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]

TOKEN = "ghp_0123456789_secret"
SOON = 60_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitServer]:
    with serving(tmp_path / "hub") as server:
        server.publish(repository(tmp_path / "work"))
        server.sign_in = f"git:{TOKEN}"
        yield server


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    server = Served(tmp_path, OPM_GIT__ALLOWED_HOSTS='["127.0.0.1"]')
    try:
        server.start()
        with chromium() as browser:
            someone = Visitor(browser, server)
            someone.sign_in()
            yield someone
            someone.close()
    finally:
        server.end()


def enter(page: Page, url: str, token: str) -> None:
    page.goto("/?new")
    page.get_by_label("Name", exact=True).fill("Tea")
    page.get_by_text("Git repository").click()
    page.get_by_label("Address of the repository").fill(url)
    page.get_by_label("Token").fill(token)


def test_a_repository_from_the_address_to_its_files(visitor: Visitor, hub: GitServer) -> None:
    page, gate = visitor.page, threading.Event()
    enter(page, hub.url().replace("http://", "http://ann:secret@"), "wrong")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_text("Leave name and token out of the address")).to_be_visible()
    visitor.look("new project")
    page.get_by_label("Address of the repository").fill(hub.url())
    page.get_by_role("button", name="Create project").click()

    expect(page.get_by_role("alert").filter(has_text="wants a sign-in")).to_be_visible(timeout=SOON)
    visitor.look("failed clone")
    page.get_by_role("button", name="Try again…").click()
    page.get_by_label("Token").fill(TOKEN)
    visitor.look("clone again")
    hub.meanwhile = lambda: (gate.wait(60), None)[1]
    page.get_by_role("button", name="Clone again").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    visitor.look("clone at work")
    gate.set()
    expect(page.get_by_role("progressbar")).to_be_hidden(timeout=SOON)

    page.get_by_role("link", name="Files").click()
    expect(page.get_by_role("treeitem", name=re.compile("README.md"))).to_be_visible(timeout=SOON)
    visitor.assert_content()


def test_a_template_becomes_a_card(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/?new")
    page.get_by_label("Name", exact=True).fill("Tea")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="New template").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Bug report")
    dialog.get_by_label("Title of the card").fill("Fix: ")
    dialog.get_by_label("What the agent should do").fill("What happens:")
    visitor.look("new template")
    dialog.get_by_role("button", name="Save template").click()
    expect(page.get_by_role("button", name="Edit Bug report")).to_be_visible()
    visitor.look("templates")

    page.get_by_role("link", name="Board").click()
    page.get_by_role("button", name="New card").first.click()
    page.get_by_role("button", name="From template").click()
    visitor.check_page("template menu")
    page.get_by_role("menuitem", name="Bug report").click()
    expect(page.get_by_label("What the agent should do")).to_have_value("What happens:")
    page.get_by_label("Title").fill("Fix: cold tea")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("article", name="Fix: cold tea")).to_be_visible()
    visitor.assert_content()
