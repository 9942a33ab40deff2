"""What has no address of its own, or stands outside the application, in light and dark, wide and narrow."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NARROW, PATIENCE_MS, WIDE, Visitor
from tests.e2e.served import Client, Served

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(300)]

README = "# Shown\n\nSome **words** and a [link](https://example.invalid/).\n"


class Looks:
    """A window of one scheme that takes a picture of what it shows in both sizes, and judges it."""

    def __init__(self, visitor: Visitor, scheme: str, pictures: Path) -> None:
        self.visitor = visitor
        self.scheme = scheme
        self.pictures = Path(os.environ.get("OPM_SCREENSHOT_DIR", pictures))

    def at(self, name: str) -> None:
        for size in (NARROW, WIDE):
            self.visitor.resize(size)
            self.visitor.check_page(f"{name}, {self.scheme}, {size[0]} px")
            self.visitor.shoot(self.pictures / f"{name}-{self.scheme}-{size[0]}.png")


def two_versions(client: Client, path: str) -> None:
    for instructions in ("Use tabs.", "Use spaces."):
        body = {"provider": "demo", "model": "scripted", "instructions": instructions}
        client.call("PUT", f"{path}/config", body)


def look_at_files(page: Page, looks: Looks, place: str, run: str) -> None:
    page.goto(f"{place}/files?path=page.md")
    page.get_by_role("button", name="Preview", exact=True).click()
    frame = page.frame_locator('iframe[title="Preview of page.md"]')
    expect(frame.get_by_role("heading", name="Shown")).to_be_visible(timeout=PATIENCE_MS)
    looks.at("file-preview")
    page.goto(f"{place}/files?path=notes.txt&run={run}")
    expect(page.locator(".monaco-diff-editor")).to_contain_text("changed", timeout=PATIENCE_MS)
    looks.at("file-changes")
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("changed")
    expect(page.get_by_role("button", name="Line 1: changed")).to_be_visible(timeout=PATIENCE_MS)
    looks.at("file-search")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_within_a_page_is_fit_for_everybody(
    browser: Browser, served: Served, scheme: str, tmp_path: Path
) -> None:
    client = served.client()
    project = client.project(f"Looks {scheme}")
    project.workspace(served)
    for path, content in (("page.md", README), ("notes.txt", "as it was\n")):
        client.call("POST", f"{project.path}/files/write", {"path": path, "content": content})
    read = 'tool read {"filePath": "notes.txt"}'
    card = project.card("Change", read, "next", "write notes.txt changed", "next", "say See notes.txt:1.")
    run = card.execute()["id"]
    card.until("ai_review")
    two_versions(client, project.path)
    visitor = Visitor(browser, served, scheme="dark" if scheme == "dark" else "light")
    looks = Looks(visitor, scheme, tmp_path)
    try:
        visitor.sign_in()
        page, place = visitor.page, f"/p/{project.slug}"
        look_at_files(page, looks, place, run)

        page.goto(f"{place}/terminal")
        page.get_by_role("button", name="Open a terminal").click(timeout=60_000)
        expect(page.locator(".xterm-rows")).to_contain_text("workspace", timeout=PATIENCE_MS)
        looks.at("terminal")

        page.goto(f"{place}/settings")
        page.get_by_role("button", name="Compare version 2 with the active one").click()
        dialog = page.get_by_role("dialog", name="Version 2 and version 3")
        expect(dialog.get_by_text("+Use spaces.")).to_be_visible()
        looks.at("config-comparison")
        visitor.assert_content()
    finally:
        visitor.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_interactive_documentation_works_from_this_server_alone(
    browser: Browser, served: Served, scheme: str, tmp_path: Path
) -> None:
    """Its page is another's work: it is held to show every operation and to ask nobody else, not to axe."""
    visitor = Visitor(browser, served, scheme="dark" if scheme == "dark" else "light")
    try:
        visitor.sign_in()
        page = visitor.page
        page.goto("/api/docs")
        expect(page.get_by_role("heading", name="OpenCode Project Manager")).to_be_visible(timeout=PATIENCE_MS)
        operations = sum(len(verbs) for verbs in served.client().call("GET", "/openapi.json")["paths"].values())
        page.locator(".opblock-tag").first.wait_for()
        closed = page.locator(".opblock-tag-section:not(.is-open) .opblock-tag")
        while closed.count():
            closed.first.click()
        expect(page.locator(".opblock-summary")).to_have_count(operations)
        pictures = Path(os.environ.get("OPM_SCREENSHOT_DIR", tmp_path))
        for size in (NARROW, WIDE):
            visitor.resize(size)
            visitor.shoot(pictures / f"api-docs-{scheme}-{size[0]}.png")
        visitor.assert_content()
    finally:
        visitor.close()
