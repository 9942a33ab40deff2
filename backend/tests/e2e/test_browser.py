"""The main job as a person does it: click, watch, answer, read, send back, accept; and the pages on the way."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import NARROW, PATIENCE_MS, WIDE, Visitor, card_in, column
from tests.e2e.served import Served, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]

_ROOT = Path(__file__).parents[3]
KEEP_PICTURE = os.environ.get("OPM_UPDATE_SCREENSHOTS") == "1"

SCRIPT = """\
Let the page count down and say when the tea is ready.

demo: say I write the timer.
demo: write timer.js const minutes = 3;
demo: next
demo: say May I count its lines?
demo: run wc -l timer.js
demo: next
demo: ask Which colour shall it have? | Green | Black
demo: next
demo: say The timer is **written** and counted.
"""


def new_project(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="No cards yet")).to_be_visible()


def slug_of(page: Page) -> str:
    return page.url.split("/p/")[1].split("/")[0]


def new_card(page: Page, title: str, text: str, *, run: bool = False) -> None:
    page.keyboard.press("c")
    page.get_by_label("Title").fill(title)
    page.get_by_label("What the agent should do").fill(text)
    page.get_by_role("button", name="Create & run" if run else "Create", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Card").last


def test_from_a_card_to_accepted_work(visitor: Visitor, browser: Browser, served: Served) -> None:
    page = visitor.page
    new_project(page, "Tea")
    board = page.url
    new_card(page, "Tea timer", SCRIPT)
    second = Visitor(browser, served)
    try:
        second.sign_in()
        second.page.goto(board)
        expect(card_in(second.page, "To do", "Tea timer")).to_be_visible()

        card_in(page, "To do", "Tea timer").get_by_role("button", name="Execute").click()
        expect(card_in(page, "In progress", "Tea timer")).to_be_visible()
        expect(card_in(second.page, "In progress", "Tea timer")).to_be_visible()
        card_in(page, "In progress", "Tea timer").get_by_role("link", name="Tea timer").click()
        expect(panel(page).get_by_text("I write the timer.")).to_be_visible(timeout=PATIENCE_MS)

        page.get_by_role("button", name="Allow once").first.wait_for()
        expect(card_in(second.page, "In progress", "Tea timer").get_by_text("permission")).to_be_visible()
        expect(page).to_have_title(re.compile(r"^\(\d+\)"))
        page.reload()
        page.get_by_role("button", name="Allow once").first.click()

        page.get_by_text("Green", exact=True).first.click()
        page.get_by_role("button", name="Answer").first.click()
        expect(panel(page).get_by_text("is written and counted").first).to_be_visible(timeout=PATIENCE_MS)
        expect(card_in(page, "AI review", "Tea timer")).to_be_visible()
        expect(card_in(second.page, "AI review", "Tea timer")).to_be_visible()

        panel(page).get_by_role("tab", name="Changes").click()
        expect(panel(page).get_by_text("timer.js").first).to_be_visible()
        expect(panel(page).get_by_text("const minutes = 3;").first).to_be_visible()

        panel(page).get_by_role("tab", name="Conversation").click()
        page.get_by_label("Feedback to the agent").fill("demo: wait 3\ndemo: say Made it better.")
        page.keyboard.press("Control+Enter")
        expect(card_in(page, "In progress", "Tea timer")).to_be_visible()
        expect(card_in(second.page, "In progress", "Tea timer")).to_be_visible()
        panel(page).get_by_role("tab", name="Output").click()
        expect(panel(page).get_by_text("Made it better.", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
        expect(card_in(second.page, "AI review", "Tea timer")).to_be_visible(timeout=PATIENCE_MS)

        page.get_by_role("button", name="Approve").click()
        expect(card_in(second.page, "Human review", "Tea timer")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(card_in(page, "Done", "Tea timer")).to_be_visible()
        expect(card_in(second.page, "Done", "Tea timer")).to_be_visible()
        second.assert_content()
    finally:
        second.close()
    visitor.assert_content()


def test_a_restarted_server_is_told_and_nothing_is_missed(visitor: Visitor, served: Served) -> None:
    page = visitor.page
    new_project(page, "Storm")
    new_card(page, "Long", "demo: stream 160 20\ndemo: run ls\ndemo: next\ndemo: say The very end.", run=True)
    card_in(page, "In progress", "Long").get_by_role("link", name="Long").click()
    expect(panel(page).get_by_text(re.compile("t00010"))).to_be_visible(timeout=PATIENCE_MS)
    served.kill()
    expect(page.get_by_text("Reconnecting…")).to_be_visible()
    served.start()
    expect(page.get_by_text("Server restarted, you are up to date")).to_be_visible(timeout=PATIENCE_MS)
    expect(panel(page).get_by_text("The very end.").first).to_be_visible(timeout=40_000)
    expect(card_in(page, "AI review", "Long")).to_be_visible()
    visitor.assert_content()


def test_cards_move_by_mouse_keyboard_and_menu(visitor: Visitor) -> None:
    page = visitor.page
    new_project(page, "Moves")
    for title in ("One", "Two"):
        new_card(page, title, "Nothing to do.")
    cards = column(page, "To do").get_by_role("article")
    expect(cards).to_have_count(2)

    drag(page, cards.nth(1), cards.nth(0))
    expect(cards.nth(0)).to_have_accessible_name("Two")
    page.reload()
    expect(cards.nth(0)).to_have_accessible_name("Two")

    drag(page, cards.nth(0), column(page, "Done"))
    expect(page.get_by_text(re.compile("cannot", re.IGNORECASE)).first).to_be_visible()
    expect(card_in(page, "To do", "Two")).to_be_visible()

    handle = page.get_by_role("button", name="Move Two")
    expect(handle).to_have_count(1)  # the card under the pointer has flown home
    page.wait_for_timeout(400)
    handle.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("Two is over To do")).first).to_be_attached()
    page.wait_for_timeout(400)  # cards are measured when one is picked up, and again on every step
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(400)
    page.keyboard.press("Space")
    expect(cards.nth(1)).to_have_accessible_name("Two")

    card_in(page, "To do", "One").get_by_role("button", name=re.compile("Actions|More|menu", re.IGNORECASE)).click()
    expect(page.get_by_role("menuitem", name=re.compile("Move to"))).to_be_visible()
    page.keyboard.press("Escape")
    visitor.assert_content()


def test_dropping_a_card_on_in_progress_runs_it(visitor: Visitor) -> None:
    page = visitor.page
    new_project(page, "Drop")
    new_card(page, "Dropped", "demo: say I was dropped.")
    drag(page, card_in(page, "To do", "Dropped"), column(page, "In progress"))
    expect(card_in(page, "AI review", "Dropped")).to_be_visible(timeout=PATIENCE_MS)
    visitor.assert_content()


def test_files_are_read_and_saved_and_conflicts_lose_nothing(visitor: Visitor) -> None:
    page = visitor.page
    new_project(page, "Files")
    new_card(page, "Write", "demo: write notes.txt first\ndemo: next\ndemo: say Done.", run=True)
    expect(card_in(page, "AI review", "Write")).to_be_visible(timeout=40_000)
    slug = slug_of(page)
    page.get_by_role("link", name="Files").click()
    page.get_by_role("treeitem", name="notes.txt").click()
    editor = page.locator(".monaco-editor").first
    expect(editor).to_contain_text("first", timeout=PATIENCE_MS)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("mine")
    save = page.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_enabled()
    page.keyboard.press("Control+s")
    expect(save).to_be_disabled()

    client = visitor.served.client()
    body = {"path": "notes.txt", "content": "theirs\n", "overwrite": True}
    client.call("POST", f"/projects/{slug}/files/write", body)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" again")
    expect(save).to_be_enabled()
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Keep mine (overwrite)").click()
    expect(save).to_be_disabled()
    content = client.http.get(f"/projects/{slug}/files/content", params={"path": "notes.txt"}).text
    assert "mine again" in content
    visitor.assert_content()


def test_the_editor_follows_the_agent_and_loses_no_text(visitor: Visitor) -> None:
    page, client = visitor.page, visitor.served.client()
    new_project(page, "Follow")
    slug = slug_of(page)

    def work(*script: str) -> str:
        lines = "\n".join(f"demo: {line}" for line in (*script, "next", "say Done."))
        task = client.call("POST", f"/projects/{slug}/tasks", {"title": script[-1], "description": lines})
        client.call("POST", f"/projects/{slug}/tasks/{task['id']}/execute")
        return task["id"]

    work("write notes.txt first")
    page.get_by_role("link", name="Files").click()
    page.get_by_role("treeitem", name="notes.txt").click(timeout=40_000)
    editor = page.locator(".monaco-editor").first
    expect(editor).to_contain_text("first", timeout=PATIENCE_MS)
    read = 'tool read {"filePath": "notes.txt"}'
    work(read, "next", "write notes.txt second")
    expect(editor).to_contain_text("second", timeout=40_000)

    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("mine")
    last = work(read, "next", "write notes.txt third")
    expect(page.get_by_text("Changed on disk")).to_be_visible(timeout=40_000)
    expect(editor).to_contain_text("mine")
    visitor.check_page("a file changed on disk")
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="The file was changed meanwhile")
    expect(dialog).to_contain_text("third", timeout=PATIENCE_MS)
    expect(dialog).to_contain_text("mine")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Reload").click()
    expect(editor).to_contain_text("third")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_hidden()

    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("thi")
    expect(page.get_by_role("button", name="Line 1: third")).to_be_visible()
    visitor.check_page("search in files")

    page.goto(f"/p/{slug}/t/{last}?tab=changes")
    page.get_by_role("link", name="Open notes.txt").click()
    compared = page.locator(".monaco-diff-editor")
    expect(compared).to_contain_text("second", timeout=PATIENCE_MS)
    expect(compared).to_contain_text("third")
    visitor.look("a file beside what it was before a run")
    visitor.assert_content()


@pytest.mark.slow
def test_pictures_and_markdown_are_shown_where_they_can_do_nothing(visitor: Visitor) -> None:
    page, client = visitor.page, visitor.served.client()
    new_project(page, "Pictures")
    slug = slug_of(page)
    hostile = """# Shown

<script>top.document.title = "script"</script><img src="x" onerror="top.document.title = 'handler'">
<iframe src="https://example.invalid/"></iframe> ![far](https://example.invalid/far.png) [out](javascript:alert(1))
"""
    vector = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="top.document.title = 'svg'">
<script>top.document.title = "svg script"</script><image href="https://example.invalid/far.png"/>
<rect width="40" height="40" fill="teal"/></svg>"""
    page.get_by_role("link", name="Files").click()
    expect(page.get_by_text("Workspace", exact=True)).to_be_visible(timeout=40_000)
    for path, content in (("page.md", hostile), ("drawing.svg", vector)):
        client.call("POST", f"/projects/{slug}/files/write", {"path": path, "content": content})
        page.goto(f"/p/{slug}/files?path={path}")
        page.get_by_role("button", name="Preview", exact=True).click()
        frame = page.frame_locator(f'iframe[title="Preview of {path}"]')
        if path == "page.md":
            expect(frame.get_by_role("heading", name="Shown")).to_be_visible(timeout=PATIENCE_MS)
        else:
            expect(frame.locator("img")).to_have_js_property("naturalWidth", 40, timeout=PATIENCE_MS)
        page.wait_for_timeout(500)
        assert page.title() not in {"script", "handler", "svg", "svg script"}
        visitor.check_page(f"preview of {path}")
    visitor.assert_content()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(browser: Browser, served: Served, scheme: str, tmp_path: Path) -> None:
    client = served.client()
    slug = client.call("POST", "/projects", {"name": f"Fit {scheme}", "sample": True})["slug"]
    cards = {c["title"]: c["id"] for c in client.call("GET", f"/projects/{slug}/tasks")["items"]}
    done, asking = cards["Write the timer"], cards["Check the page, if you may"]
    for card in (done, asking, *(set(cards.values()) - {done, asking})):
        client.call("POST", f"/projects/{slug}/tasks/{card}/execute")
    path = f"/projects/{slug}/tasks/{asking}"
    wait_for(lambda: client.call("GET", path)["attention"] == "permission", 40, "the permission")
    someone = Visitor(browser, served, scheme=scheme)  # pyright: ignore[reportArgumentType]  one of the two
    pictures = Path(os.environ.get("OPM_SCREENSHOT_DIR", tmp_path))
    try:
        page = someone.page
        page.goto("/signed-out")
        someone.check_page("sign-in")
        page.goto("/launch")  # an address without its token
        page.wait_for_timeout(600)
        someone.check_page("launch")
        someone.sign_in()
        places = {
            "dashboard": "/",
            "board": f"/p/{slug}",
            "card": f"/p/{slug}/t/{asking}",
            "card-output": f"/p/{slug}/t/{done}?tab=output",
            "card-description": f"/p/{slug}/t/{done}?tab=description",
            "card-changes": f"/p/{slug}/t/{done}?tab=changes",
            "card-conversation": f"/p/{slug}/t/{asking}?tab=conversation",
            "card-history": f"/p/{slug}/t/{asking}?tab=history",
            "files": f"/p/{slug}/files/README.md",
            "runs": f"/p/{slug}/sessions",
            "audit": f"/p/{slug}/audit",
            "sign-ins": "/sign-ins",
            "your-settings": "/settings",
            "settings": f"/p/{slug}/settings",
        }
        for size in (WIDE, NARROW):
            someone.resize(size)
            for name, place in places.items():
                page.goto(place)
                page.wait_for_timeout(2500 if name == "files" else 900)
                someone.shoot(pictures / f"{name}-{scheme}-{size[0]}.png")
                someone.check_page(f"{name}, {scheme}, {size[0]} px")
        someone.assert_content()
    finally:
        someone.close()


@pytest.mark.slow
def test_the_picture_of_the_readme(visitor: Visitor, tmp_path: Path) -> None:
    """A board with a run in progress; replaces the committed picture only when asked to."""
    page = visitor.page
    page.get_by_role("button", name="Sample project").click()
    expect(column(page, "To do")).to_be_visible()
    card_in(page, "To do", "Survive a hiccup").get_by_role("button", name="Execute").click()
    expect(card_in(page, "AI review", "Survive a hiccup")).to_be_visible(timeout=40_000)
    card_in(page, "To do", "Check the page, if you may").get_by_role("button", name="Execute").click()
    page.get_by_role("link", name="Check the page, if you may").click()
    page.get_by_role("button", name="Allow once").first.wait_for(timeout=PATIENCE_MS)
    card_in(page, "To do", "Choose the colours").get_by_role("button", name="Execute").click()
    page.wait_for_timeout(800)
    visitor.resize((1440, 900))
    visitor.shoot(_ROOT / "docs" / "images" / "board.png" if KEEP_PICTURE else tmp_path / "board.png")
    visitor.assert_content()


def drag(page: Page, card: Locator, target: Locator) -> None:
    """By the mouse, in steps, as a hand does it."""
    start, end = card.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 30, start["y"] + start["height"] - 4, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + min(end["height"] / 2, 60), steps=12)
    page.wait_for_timeout(200)
    page.mouse.up()
