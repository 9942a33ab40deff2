"""Hostile texts in every place that shows what people, agents and providers wrote: nothing runs, loads or leads away.

They are planted in bulk and then looked at page by page. The first test shows that the tripwire sees what it must see.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from opm.server.api.middleware import CONTENT_SECURITY_POLICY
from tests.e2e.browser import PATIENCE_MS, Visitor
from tests.e2e.hostile import TEMPLATES, filled, packed
from tests.e2e.served import Card, Client, Served
from tests.e2e.tripwire import Tripwire, answering, beacon

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]


class House:
    """A project with a hostile text in each of its corners."""

    def __init__(self, served: Served, address: str) -> None:
        self.served = served
        self.texts = filled(address)
        self.client: Client = served.client()
        self.client.http.timeout = 60
        self.projects = [self._project(name) for name in packed(self.texts, 120)[:12]]
        self.home = self.client.project("Hostile")
        self.workspace: Path = self.home.workspace(served)
        self.named = self._people()
        self.cards = [self._card(title) for title in packed(self.texts, 200)]
        self._templates()
        self._files(address)
        self.talk, self.asking, self.failed = self._runs()

    def _project(self, name: str) -> str:
        body = {"name": name, "description": "\n".join(self.texts)[:10_000]}
        return self.client.call("POST", "/projects", body)["slug"]

    def _people(self) -> str:
        name = packed(self.texts, 250)[0]
        with closing(sqlite3.connect(self.served.data / "opm.db", timeout=10)) as database, database:
            database.execute("UPDATE users SET name = ?, email = ?", (name, "pwned()<img/src=x onerror=pwned()>@x"))
        return name

    def _card(self, title: str) -> str:
        body = {"title": title, "description": "\n\n".join(self.texts)}
        return self.client.call("POST", f"{self.home.path}/tasks", body)["id"]

    def _templates(self) -> None:
        for name in packed(self.texts, 80)[:30]:
            body = {"name": name, "title": name[:80], "description": "\n\n".join(self.texts)}
            self.client.call("POST", f"{self.home.path}/templates", body)

    def _files(self, address: str) -> None:
        for text in self.texts:
            name = text.replace("/", "\N{DIVISION SLASH}")[:80]
            (self.workspace / f"{name}.txt").write_text(text)
        whole = "\n\n".join(self.texts)
        (self.workspace / "all.md").write_text(whole)
        (self.workspace / "all.html").write_text(f"<!doctype html>{whole}")
        (self.workspace / "all.json").write_text(json.dumps({text: text for text in self.texts}))
        (self.workspace / "all.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="pwned()"><script>pwned()</script>'
            f'<image href="{address}/inside.png"/><rect width="9" height="9"/></svg>'
        )
        (self.workspace / "screen.txt").write_text("".join(t for t in self.texts if "\x1b" in t or "\x9d" in t))

    def _runs(self) -> tuple[Card, Card, Card]:
        one_line = [text.replace("\\", "\\\\").replace("\n", " ") for text in self.texts]
        written = json.dumps({"filePath": "out/agent.html", "content": "\n".join(self.texts)})
        searched = json.dumps({"pattern": self.texts[12], "path": "."})
        talk = self.home.card(
            "Talk",
            "rate 0",
            *(f"say {text}" for text in one_line if text.isprintable()),
            *(f"think {text}" for text in one_line[:20]),
            f"tool write {written}",
            f"tool grep {searched}",
            'tool read {"filePath": "all.html"}',
            'tool read {"filePath": "<img src=x onerror=pwned()>"}',
            "next",
            "say The end of the talk.",
        )
        asking = self.home.card("Ask", f"ask {one_line[12]} {one_line[3]} | {one_line[0]} | {one_line[70]}")
        failed = self.home.card("Fail", f"error 400 {' '.join(t for t in one_line if t.isprintable())[:8000]}")
        for card in (talk, failed, asking):  # one after the other; the last one waits for its answer
            card.execute()
        talk.until("ai_review", 90)
        failed.until("human_review", 90)
        asking.ask()
        return talk, asking, failed


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[str, list[str]]]:
    with beacon() as listening:
        yield listening


@pytest.fixture(scope="module")
def house(served: Served, trap: tuple[str, list[str]]) -> House:
    return House(served, trap[0])


@pytest.fixture
def wire(visitor: Visitor, trap: tuple[str, list[str]]) -> Iterator[Tripwire]:
    tripwire = Tripwire(visitor, *trap)
    yield tripwire
    trap[1].clear()


def test_there_are_enough_of_them() -> None:
    assert len(set(TEMPLATES)) == len(TEMPLATES) >= 100


@contextmanager
def control(texts: list[str], policy: str = "frame-src *") -> Iterator[str]:
    """A page that does what none of ours does; of a server of its own, so that the browser may ask others from it."""
    listed = json.dumps(texts).replace("<", "\\u003c")
    script = f"""for (const text of {listed}) {{
      const box = document.createElement('div'); document.body.append(box); box.innerHTML = text
    }}"""
    page = f"<!doctype html><html lang=en><title>control</title><body><script>{script}</script>"
    with answering(200, page.encode(), content_type="text/html", content_security_policy=policy) as address:
        yield address


def test_the_tripwire_sees_what_it_must_see(wire: Tripwire, trap: tuple[str, list[str]]) -> None:
    # what leaves the page is left out here: it would take the others with it
    texts = [text for text in filled(trap[0])[12:60] if "refresh" not in text]
    with control(texts) as address:
        wire.go(address)
        wire.page.wait_for_timeout(1500)
        wire.check()
    told = "\n".join(wire.ran)
    for sign in ("a script ran", "asked for /img.png", "onerror=", "<base", "<iframe", "<form", "the page went to"):
        assert sign in told, f"{sign!r} is not in {told}"
    assert any("a request went elsewhere" in said for said in wire.visitor.complaints)


def test_the_tripwire_sees_dialogs_windows_and_pollution(wire: Tripwire) -> None:
    hostile = "<button onclick=\"window.open('about:blank'); alert('here'); Object.prototype.polluted = 1\">go</button>"
    with control([hostile]) as address:
        wire.go(address)
        wire.page.get_by_role("button", name="go").click()
        wire.page.wait_for_timeout(500)
        wire.check()
    told = "\n".join(wire.ran)
    for sign in ("a dialog said 'here'", "a window was opened", "is polluted"):
        assert sign in told, f"{sign!r} is not in {told}"


def test_what_the_content_policy_stops_is_told_apart(wire: Tripwire, trap: tuple[str, list[str]]) -> None:
    """Our own policy over the same page, but for its script: nothing becomes markup, and the attempt is seen."""
    policy = CONTENT_SECURITY_POLICY.replace("script-src 'self'", "script-src 'unsafe-inline'")
    with control(filled(trap[0])[12:14], policy) as address:
        wire.go(address)
        wire.page.wait_for_timeout(500)
        assert wire.page.locator("img").count() == 0
    assert not wire.ran, wire.ran
    assert any("require-trusted-types-for" in said for said in wire.stopped)
    with pytest.raises(AssertionError):
        wire.visitor.assert_content()


def test_a_refusal_in_a_worker_is_a_complaint(wire: Tripwire) -> None:
    page = wire.page
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    work = "onmessage = () => { fetch('http://127.0.0.1:9/').catch(() => {}); postMessage('done') }"
    page.context.route(
        "**/assets/control-worker.js",
        lambda route: route.fulfill(content_type="text/javascript", headers=headers, body=work),
    )
    page.evaluate("self.__control = new Worker('/assets/control-worker.js')")
    page.wait_for_timeout(500)
    page.evaluate("__control.postMessage(1)")
    page.wait_for_timeout(500)
    assert any("connect-src" in said for said in wire.stopped), wire.visitor.complaints


def test_built_workers_and_nothing_else_become_scripts(wire: Tripwire, trap: tuple[str, list[str]]) -> None:
    tried = wire.page.evaluate(
        """(address) => [`${address}/w.js`, 'data:text/javascript,1', '/api/openapi.json'].map((url) => {
          try { new Worker(url); return 'made' } catch (error) { return error.name }
        })""",
        trap[0],
    )
    assert tried == ["TypeError"] * 3
    wire.page.wait_for_timeout(300)
    assert len(wire.stopped) >= 3, wire.visitor.complaints


def test_boards_and_lists_show_them_as_text(wire: Tripwire, house: House) -> None:
    page, slug = wire.page, house.home.slug
    for place in ("/", *(f"/p/{other}" for other in house.projects[:3]), f"/p/{slug}"):
        wire.go(place)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(700)
        wire.check()
    expect(page.get_by_text("onerror=pwned()").first).to_be_visible()
    page.get_by_role("button", name=re.compile("need")).first.click()
    page.wait_for_timeout(300)
    wire.check()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("onerror")
    page.wait_for_timeout(500)
    wire.check()
    page.keyboard.press("Escape")
    wire.go(f"/p/{slug}")
    expect(page.get_by_text("onerror=pwned()").first).to_be_visible()
    page.keyboard.press("c")
    page.get_by_role("dialog").get_by_text(re.compile("From template")).first.click()
    page.wait_for_timeout(500)
    wire.check()
    wire.assert_silent()


def test_cards_runs_and_settings_show_them_as_text(wire: Tripwire, house: House) -> None:
    page, path = wire.page, f"/p/{house.home.slug}"
    tabs = ("description", "output", "changes", "conversation", "history")
    places = [f"{path}/t/{card.id}?tab={tab}" for card in (house.talk, house.asking, house.failed) for tab in tabs]
    places += [f"{path}/t/{house.cards[0]}?tab=description"]
    places += [f"{path}/{page_of}" for page_of in ("sessions", "audit", "settings")] + ["/settings", "/sign-ins"]
    for place in places:
        wire.go(place)
        page.wait_for_timeout(700)
        for closed in page.locator("[aria-expanded=false]:is(main *, aside *)").all()[:4]:
            with suppress(Error):  # what another one has covered
                closed.click(timeout=300)
            if page.get_by_role("menu").count():
                page.keyboard.press("Escape")
        page.wait_for_timeout(200)
        wire.check()
    wire.assert_silent()


def test_the_texts_were_there_to_be_seen(wire: Tripwire, house: House) -> None:
    """What the pages above were shown: no text was changed on its way, and each place did show one."""
    page, path = wire.page, f"/p/{house.home.slug}"
    for place, text in {
        f"{path}/t/{house.talk.id}?tab=output": "The end of the talk.",
        f"{path}/t/{house.failed.id}?tab=output": "pwned()",
        f"{path}/t/{house.asking.id}?tab=conversation": "<img src=x onerror=pwned()>",
        f"{path}/t/{house.talk.id}?tab=changes": "agent.html",
    }.items():
        wire.go(place)
        expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)
    wire.go(f"{path}/settings")
    expect(page.get_by_role("button", name=re.compile(r"^Edit .*pwned\(\)")).first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="You and your settings").click()
    expect(page.get_by_role("menu")).to_contain_text(house.named[:40])
    wire.check()
    wire.assert_silent()


def test_notices_show_them_as_text(wire: Tripwire, house: House) -> None:
    page = wire.page
    wire.go(f"/p/{house.home.slug}")
    card = page.get_by_role("article").filter(has_text="onerror=pwned()").first
    card.get_by_role("button", name=re.compile("^Actions")).click()
    page.get_by_role("menuitem", name="Delete").click()
    notice = page.get_by_role("listitem").filter(has_text="Deleted")
    expect(notice).to_contain_text("pwned()")
    page.wait_for_timeout(300)
    wire.check()
    notice.get_by_role("button", name="Undo").click()
    expect(card).to_be_visible()
    wire.assert_silent()


def test_files_show_them_as_text(wire: Tripwire, house: House) -> None:
    page, path = wire.page, f"/p/{house.home.slug}/files"
    wire.go(path)
    expect(page.get_by_role("treeitem", name=re.compile("onerror")).first).to_be_visible(timeout=PATIENCE_MS)
    wire.check()
    for name in ("all.md", "all.html", "all.json", "all.svg", "<img src=x onerror=pwned()>.txt"):
        wire.go(f"{path}?path={name}")
        expect(page.locator(".monaco-editor .view-line").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(800)
        wire.check()
        preview = page.get_by_role("button", name="Preview", exact=True)
        if preview.count():
            preview.click()
            expect(page.locator("iframe[sandbox='']")).to_be_visible(timeout=PATIENCE_MS)
            page.wait_for_timeout(800)
            wire.check()
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("onerror=pwned")
    expect(page.get_by_role("button", name=re.compile("onerror=pwned")).first).to_be_visible(timeout=PATIENCE_MS)
    wire.check()
    wire.assert_silent()


def test_exports_and_raw_files_are_downloads(wire: Tripwire, house: House) -> None:
    """Opened by their address they are saved and not shown."""
    page, api = wire.page, f"/api{house.home.path}"
    run = house.client.call("GET", f"{house.talk.path}/sessions")["items"][0]["id"]
    for place in (
        f"{api}/files/content?path=all.html",
        f"{api}/files/content?path=all.svg",
        f"{api}/sessions/{run}/export?format=md",
        f"{api}/audit/export?format=csv",
    ):
        wire.place = place
        with page.expect_download() as saved, suppress(Error):  # going there ends in nothing being shown
            page.goto(place)
        assert saved.value.path().stat().st_size
        wire.check()
    wire.assert_silent()


def test_a_terminal_lets_a_program_do_nothing_to_the_page(wire: Tripwire, house: House) -> None:
    page = wire.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = house.client.call("POST", f"{house.home.path}/terminals", {"title": house.texts[12]})
    wire.go(f"/p/{house.home.slug}/terminal?terminal={made['id']}")
    rows = page.locator(".xterm-rows")
    expect(rows).to_contain_text("workspace", timeout=PATIENCE_MS)
    page.evaluate("navigator.clipboard.writeText('mine')")
    page.locator(".xterm").click()
    page.keyboard.type("cat screen.txt; echo; echo se''en\n")
    expect(rows).to_contain_text("seen", timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    assert "pwned" not in page.title()
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    wire.check()
    wire.assert_silent()


def test_a_providers_error_is_shown_as_text(wire: Tripwire, house: House) -> None:
    page = wire.page
    error = {"error": {"message": " ".join(house.texts)[:3000], "type": "invalid_request_error"}}
    with answering(401, json.dumps(error).encode()) as address:
        wire.go(f"/p/{house.home.slug}/settings")
        page.get_by_role("combobox", name="Provider").click()
        page.get_by_role("option", name=re.compile("OpenAI-compatible", re.IGNORECASE)).click()
        page.get_by_label("Base URL").fill(address)
        page.get_by_role("textbox", name="Model").fill("any")
        page.get_by_label("API key").fill("coffee")
        page.get_by_role("button", name="Test", exact=True).click()
        said = page.get_by_text("status 401").locator("..")
        expect(said).to_contain_text("<script>pwned()</script>", timeout=PATIENCE_MS)
        wire.check()
    wire.assert_silent()


def test_every_page_keeps_its_policy(browser: Browser, served: Served) -> None:
    """The documentation of the API too: it works, and nothing of it is refused."""
    someone = Visitor(browser, served)
    try:
        someone.sign_in()
        page = someone.page
        page.goto("/api/docs")
        page.locator(".opblock-tag").first.click()
        page.locator(".opblock").first.click()
        expect(page.get_by_text("How people sign in here.")).to_be_visible()
        page.get_by_role("button", name="Execute").first.click()
        expect(page.locator(".live-responses-table").first).to_contain_text("200")
        someone.assert_content()
    finally:
        someone.close()
