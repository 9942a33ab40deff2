"""A workspace of 100,000 files in a browser: opened folder by folder, walked by keyboard, found in by search."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PATIENCE_MS, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(400)]

FOLDERS, FILES = 10, 9_999


def fill(root: Path) -> None:
    for folder in range(FOLDERS):
        directory = root / f"folder-{folder}"
        directory.mkdir()
        for number in range(FILES):
            (directory / f"file-{folder}-{number:05}.txt").write_bytes(b"needle\n" if number == 4_321 else b"hay\n")


def test_a_hundred_thousand_files_are_walked_without_drawing_them_all(visitor: Visitor) -> None:
    page = visitor.page
    project = visitor.served.client().project("Wide")
    fill(project.workspace(visitor.served))
    page.goto(f"/p/{project.slug}/files")
    rows = page.get_by_role("treeitem")
    for folder in reversed(range(FOLDERS)):  # from below, so that the next one stays in sight
        page.get_by_role("treeitem", name=f"folder-{folder}").click(timeout=40_000)
        expect(page.get_by_role("treeitem", name=f"file-{folder}-00000.txt")).to_be_visible(timeout=40_000)
    page.get_by_role("treeitem", name="folder-0").click()
    page.get_by_role("treeitem", name="folder-0").click()
    assert rows.count() < 150, "only what can be seen is drawn"

    page.keyboard.press("End")
    expect(page.get_by_role("treeitem", name="file-9-09998.txt")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".monaco-editor").first).to_contain_text("hay", timeout=PATIENCE_MS)
    page.get_by_role("treeitem", name="file-9-09998.txt").focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("treeitem", name=".git").first).to_be_focused()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("treeitem", name="file-0-00018.txt")).to_be_focused()

    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("needle")
    expect(page.get_by_role("button", name="Line 1: needle")).to_have_count(FOLDERS, timeout=PATIENCE_MS)
    visitor.assert_content()
