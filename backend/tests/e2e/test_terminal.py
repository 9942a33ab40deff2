"""A terminal as a person uses it: type, reload, come back, on a wide and a narrow screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NARROW, Visitor, chromium
from tests.e2e.served import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_terminal_is_there_again_after_a_reload(browser: Browser, served: Served, scheme: str) -> None:
    visitor = Visitor(browser, served, scheme="dark" if scheme == "dark" else "light")
    try:
        visitor.sign_in()
        page = visitor.page
        page.get_by_role("button", name="New project").first.click()
        page.get_by_label("Name").fill(f"Shell {scheme}")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("link", name="Terminal").click()
        page.get_by_role("button", name="Open a terminal").click(timeout=60_000)
        rows = page.locator(".xterm-rows")
        expect(rows).to_contain_text("workspace", timeout=60_000)
        page.keyboard.type("echo se''en-$((40+2)); stty size\n")
        expect(rows).to_contain_text("seen-42")
        visitor.check_page("terminal")

        page.reload()
        expect(rows).to_contain_text("seen-42")
        assert rows.inner_text().count("seen-42") == 1
        page.keyboard.type("echo ag''ain\n")
        expect(rows).to_contain_text("again")

        visitor.resize(NARROW)
        visitor.check_page("narrow terminal")
        page.get_by_role("button", name="Up").click()
        page.keyboard.press("Enter")
        expect(rows).to_contain_text("again")

        page.keyboard.type("yes ma''ny\n")
        expect(rows).to_contain_text("many")
        page.wait_for_timeout(2_000)
        page.keyboard.press("Control+c")
        page.keyboard.type("clear; echo cal''m\n")
        expect(rows).to_contain_text("calm", timeout=15_000)

        page.get_by_role("button", name="Close terminal").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Close terminal").click()
        expect(page.get_by_role("heading", name="No terminal is open")).to_be_visible()
        visitor.assert_content()
    finally:
        visitor.close()


def test_a_program_has_neither_the_clipboard_nor_a_hidden_address(browser: Browser, served: Served) -> None:
    visitor = Visitor(browser, served)
    try:
        visitor.sign_in()
        page = visitor.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.url)
        page.get_by_role("button", name="New project").first.click()
        page.get_by_label("Name").fill("Shell that is asked")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("link", name="Terminal").click()
        page.get_by_role("button", name="Open a terminal").click(timeout=60_000)
        rows = page.locator(".xterm-rows")
        expect(rows).to_contain_text("workspace", timeout=60_000)
        page.evaluate("navigator.clipboard.writeText('mine')")
        title = page.title()

        page.keyboard.type(r"printf '\e]52;c;c3RvbGVu\a\e]0;renamed\aar''rived'; echo" + "\n")
        expect(rows).to_contain_text("arrived")
        assert page.evaluate("navigator.clipboard.readText()") == "mine"
        assert page.title() == title

        link = r"printf '\e]8;;%s\e\\%s\e]8;;\e\\\n'"
        page.keyboard.type(f"clear; {link} https://example.org/behind clickable\n")
        _click_on_line(page, "clickable")
        dialog = page.get_by_role("alertdialog", name="Open this address?")
        expect(dialog).to_contain_text("https://example.org/behind")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)

        page.locator(".xterm-helper-textarea").focus()
        page.keyboard.type(f"clear; {link} javascript:document.title=1 runnable\n")
        _click_on_line(page, "runnable")
        page.wait_for_timeout(500)
        assert page.get_by_role("alertdialog").all_inner_texts() == []
        assert page.title() == title
    finally:
        visitor.close()


def _click_on_line(page: Page, text: str) -> None:
    """On the start of a line that begins with the text; what was typed to make it stands elsewhere."""
    line = page.locator(".xterm-rows > div").filter(has_text=re.compile(f"^{text}"))
    expect(line).to_have_count(1)
    box = line.bounding_box()
    assert box is not None
    # the screen above the text takes the mouse, and looks for links as it comes to another line
    page.mouse.move(box["x"] + 16, box["y"] + 200)
    page.mouse.move(box["x"] + 24, box["y"] + 8)
    page.wait_for_timeout(200)
    page.mouse.click(box["x"] + 24, box["y"] + 8)


def test_a_terminal_goes_on_when_the_server_is_killed_and_ends_when_it_is_stopped(
    browser: Browser, served: Served
) -> None:
    visitor = Visitor(browser, served)
    try:
        visitor.sign_in()
        page = visitor.page
        page.get_by_role("button", name="New project").first.click()
        page.get_by_label("Name").fill("Shell that stays")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("link", name="Terminal").click()
        page.get_by_role("button", name="Open a terminal").click(timeout=60_000)
        rows = page.locator(".xterm-rows")
        expect(rows).to_contain_text("workspace", timeout=60_000)
        page.keyboard.type("kept=4; echo be''fore; (sleep 4; echo mean''while) &\n")
        expect(rows).to_contain_text("before")

        served.kill()
        expect(page.get_by_role("status").filter(has_text="The connection is lost")).to_be_visible()
        served.start()
        expect(rows).to_contain_text("meanwhile", timeout=60_000)
        expect(page.get_by_text("The connection is lost")).to_be_hidden()
        # the same shell, with what it knew; and what was on screen stands there once
        page.locator(".xterm-helper-textarea").focus()
        page.keyboard.type("echo af''ter-$((kept + 1))\n")
        expect(rows).to_contain_text("after-5")
        text = rows.inner_text()
        assert [text.count(said) for said in ("before", "meanwhile", "after-5")] == [1, 1, 1], text

        # A graceful stop ends the pods, unless the operator keeps them; the page says so and offers a new one.
        assert served.stop() == 0
        assert served.pods() == []
        served.start()
        expect(page.get_by_role("button", name="Open a terminal")).to_be_visible(timeout=60_000)
    finally:
        visitor.close()
