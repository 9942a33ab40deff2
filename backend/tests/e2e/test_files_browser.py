"""The tree of the workspace in a browser: everything that its menus, its buttons and dragging do, down to the disk."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import PATIENCE_MS, Visitor
from tests.e2e.served import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]


def open_files(visitor: Visitor, name: str) -> Path:
    """A project's files in the browser, and its folder on this machine."""
    project = visitor.served.client().project(name)
    root = project.workspace(visitor.served)
    visitor.page.goto(f"/p/{project.slug}/files")
    expect(visitor.page.get_by_text("Workspace", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    return root


def item(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name)


def act(page: Page, name: str, action: str) -> None:
    item(page, name).hover()
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def say_name(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("textbox").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def entries(root: Path) -> list[str]:
    found = (path.relative_to(root) for path in root.rglob("*"))
    return sorted(str(path) for path in found if path.parts[0] != ".git" and str(path) != ".opm-drafts")


def test_entries_are_made_renamed_dragged_and_deleted(visitor: Visitor) -> None:
    page = visitor.page
    root = open_files(visitor, "Tidy")
    page.get_by_role("button", name="New folder").click()
    say_name(page, "docs")
    page.get_by_role("button", name="New file").click()
    say_name(page, "plan.txt")
    expect(page.locator(".monaco-editor").first).to_be_visible(timeout=PATIENCE_MS)
    made = entries(root)
    assert {"docs"} < set(made), made

    act(page, "plan.txt", "Rename…")
    say_name(page, "notes.txt")
    expect(item(page, "plan.txt")).to_have_count(0)
    act(page, "docs", "New file…")
    say_name(page, "inner.txt")
    expect(item(page, "inner.txt")).to_be_visible()
    assert "docs/inner.txt" in entries(root)
    visitor.check_page("a tree with an open folder")

    (root / "loose.txt").write_text("loose")
    expect(item(page, "loose.txt")).to_be_visible(timeout=PATIENCE_MS)
    item(page, "loose.txt").drag_to(item(page, "docs"))
    expect(page.get_by_text("Moved loose.txt to docs")).to_be_visible()
    assert "docs/loose.txt" in entries(root)
    page.get_by_role("button", name="Undo").click()
    wait_for((root / "loose.txt").exists, 10, "the undo of a move")

    act(page, "docs", "Delete…")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete folder").click()
    expect(item(page, "docs")).to_have_count(0)
    assert [path for path in entries(root) if path.startswith("docs")] == []
    # an open file may be asked for by the name it just lost
    visitor.complaints = [said for said in visitor.complaints if "status of 404" not in said]
    visitor.assert_content()


def test_files_come_from_the_desktop_by_choice_and_by_dropping_a_folder(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    root = open_files(visitor, "Bring")
    site = tmp_path / "site"
    (site / "img" / "none").mkdir(parents=True)
    (site / "index.html").write_text("<p>hello")
    (site / "img" / "a.txt").write_text("a")

    page.get_by_label("Files to upload").set_input_files([site / "index.html"])
    expect(page.get_by_text("Uploaded 1 file", exact=True)).to_be_visible()
    page.get_by_label("Files to upload").set_input_files([site / "index.html"])
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("Uploaded 1 file", exact=True)).to_have_count(2)

    place = page.get_by_role("tree").bounding_box()
    assert place is not None
    line = visitor.context.new_cdp_session(page)
    data = {"items": [], "files": [str(site)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        where = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] - 30}
        line.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})
    expect(page.get_by_text("Uploaded 2 files")).to_be_visible()
    expect(item(page, "site")).to_be_visible()
    assert {"index.html", "site/index.html", "site/img/a.txt", "site/img/none"} <= set(entries(root))
    assert (root / "site" / "index.html").read_text() == "<p>hello"
    visitor.assert_content()


def test_an_upload_tells_how_far_it_is_and_leaves_nothing_when_it_is_cancelled(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.page
    root = open_files(visitor, "Slow")
    before = entries(root)
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (8 << 20))
    line = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Files to upload").set_input_files([large])
    notice = page.locator("[data-sonner-toast]", has_text="Uploading large.bin (1 of 1)")
    expect(notice).to_contain_text("1 %", timeout=PATIENCE_MS)
    visitor.check_page("an upload under way")
    notice.get_by_role("button", name="Cancel upload").click()
    expect(page.get_by_text("Cancelled: 0 files of 1 uploaded")).to_be_visible()
    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    wait_for(lambda: entries(root) == before, 20, "an empty workspace after a cancelled upload")
    visitor.assert_content()


@pytest.mark.parametrize(("encoding", "told"), [("latin-1", "Latin-1"), ("utf-16", "UTF-16")])
def test_text_of_another_encoding_is_edited_and_stays_what_it_is(visitor: Visitor, encoding: str, told: str) -> None:
    page = visitor.page
    file = open_files(visitor, f"Old {told}") / "old.txt"
    file.write_bytes("Grüße".encode(encoding))
    item(page, "old.txt").click(timeout=PATIENCE_MS)
    editor = page.locator(".monaco-editor").first
    expect(editor).to_contain_text("Grüße", timeout=PATIENCE_MS)
    expect(page.get_by_text(told, exact=True)).to_be_visible()
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" an alle ß")
    expect(editor).to_contain_text("alle")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
    page.keyboard.press("Control+s")
    wait_for(lambda: file.read_bytes().decode(encoding) == "Grüße an alle ß", 20, "the saved text on disk")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_hidden()
    visitor.check_page("a file of another encoding")
    visitor.assert_content()
