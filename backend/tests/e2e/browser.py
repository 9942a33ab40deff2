"""A real Chromium, and what every page must keep: no error in the console, no request elsewhere, nothing for axe to
find, no sideways scrolling."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Worker,
    expect,
    sync_playwright,
)

from tests.e2e.served import Served

WIDE = (1280, 800)
NARROW = (390, 844)
PATIENCE_MS = 20_000
_OWN_FAULT = (
    "net::ERR_CONNECTION_REFUSED",
    "WebSocket connection",
    "net::ERR_",
    "status of 401",
    "status of 409",
    "status of 503",
)
"""What a browser logs of itself while a server is being killed, a pod starts, or a conflict is refused."""

_REFUSED = "The content policy refused"
_TELL_REFUSALS = (
    "globalThis.addEventListener('securitypolicyviolation', (event) => console.error(`"
    + _REFUSED
    + " ${event.effectiveDirective} in ${event.documentURI}: ${event.blockedURI} ${event.sample} "
    "${event.sourceFile}:${event.lineNumber}`))"
)
"""For every document and worker, before what it holds runs."""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """`more` are arguments for it."""
    found = os.environ.get("OPM_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        reason = "NOT TESTED in a browser: there is no chromium; install Debian's package, or set OPM_TEST_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--no-first-run",
                *more,
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody with a browser window of their own, signed in by a launch address, or through the provider that may be
    asked as well."""

    def __init__(
        self,
        browser: Browser,
        served: Served,
        *,
        scheme: Literal["light", "dark"] = "light",
        provider: str | None = None,
    ) -> None:
        self.served = served
        self.provider = provider
        self.context: BrowserContext = browser.new_context(
            base_url=served.url, color_scheme=scheme, reduced_motion="reduce"
        )
        self.complaints: list[str] = []
        self.context.add_init_script(_TELL_REFUSALS)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("request", lambda request: self._asked(request.url))
        self.page: Page = self.new_tab()

    def new_tab(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.on("worker", self._employed)
        return page

    def sign_in(self) -> None:
        self.page.goto(f"/launch#{self.served.fresh_launch_token()}")
        expect(self.page.get_by_role("heading", name="Projects", exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def check_page(self, name: str) -> None:
        """As a person who cannot see well, or has a small screen, would judge it."""
        self.page.wait_for_timeout(300)  # colours fade in; axe would measure them on the way
        found = Axe().run(self.page).response["violations"]
        told = [f"{v['id']}: {v['help']} at {[node['target'] for node in v['nodes']][:3]}" for v in found]
        assert not told, f"{name}: {told}"
        wide = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], f"{name} is {wide[0]} px wide in a window of {wide[1]} px"

    def look(self, name: str) -> None:
        for size in (NARROW, WIDE):
            self.resize(size)
            self.check_page(f"{name}, {size[0]} px")

    def shoot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def assert_content(self) -> None:
        assert not self.complaints, self.complaints

    def close(self) -> None:
        self.context.close()

    @staticmethod
    def _employed(worker: Worker) -> None:
        with suppress(Error):  # it may have ended at once
            worker.evaluate(_TELL_REFUSALS)

    def _heard(self, message: ConsoleMessage) -> None:
        if self.provider and message.location["url"].startswith(self.provider):
            return  # its pages are not ours to judge
        own_fault = _REFUSED not in message.text and any(fault in message.text for fault in _OWN_FAULT)
        if message.type in {"error", "warning"} and not own_fault:
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        ours = (self.served.url, self.served.url.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith((*ours, self.provider) if self.provider else ours):
            self.complaints.append(f"a request went elsewhere: {url}")


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name}"))


def card_in(page: Page, name: str, title: str) -> Locator:
    return column(page, name).get_by_role("article", name=title)
