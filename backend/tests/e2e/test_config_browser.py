"""Choosing how the agent works, in a browser: a wrong key is told as the provider tells it, and a run at work keeps
the version that it began with."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PATIENCE_MS, Visitor, card_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.opencode, pytest.mark.timeout(240)]

REFUSAL = "Incorrect API key provided: it does not begin with tea."


class _Refusing(BaseHTTPRequestHandler):
    """A provider that knows one key."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        right = self.headers.get("Authorization") == "Bearer tea-right"
        answer = {"role": "assistant", "content": "pong"}
        good = {"id": "1", "object": "chat.completion", "choices": [{"message": answer, "finish_reason": "stop"}]}
        said = good if right else {"error": {"message": REFUSAL, "type": "invalid_request_error"}}
        body = json.dumps(said).encode()
        self.send_response(200 if right else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
        pass


@contextmanager
def provider() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def test_a_wrong_key_is_told_in_the_providers_own_words(visitor: Visitor) -> None:
    page = visitor.page
    project = visitor.served.client().project("Keys")
    with provider() as address:
        page.goto(f"/p/{project.slug}/settings")
        page.get_by_role("combobox", name="Provider").click()
        page.get_by_role("option", name=re.compile("OpenAI-compatible", re.IGNORECASE)).click()
        page.get_by_label("Base URL").fill(address)
        page.get_by_role("textbox", name="Model").fill("any")
        page.get_by_label("API key").fill("coffee-wrong")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text(REFUSAL)).to_contain_text("status 401", timeout=PATIENCE_MS)
        visitor.look("a key that is refused")
        page.get_by_label("API key").fill("tea-right")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text("It works:")).to_be_visible(timeout=PATIENCE_MS)
    assert project.client.call("GET", f"{project.path}/config")["version"] == 1, "a test saves nothing"
    assert "coffee-wrong" not in visitor.served.log.read_text()
    visitor.assert_content()


def test_a_run_at_work_keeps_the_version_it_began_with(visitor: Visitor) -> None:
    page = visitor.page
    project = visitor.served.client().project("Pinned")
    long = project.card("Long", "stream 120 15")
    page.goto(f"/p/{project.slug}/t/{long.id}?tab=output")
    long.execute()
    project.workspace(visitor.served)
    terminal = project.client.call("POST", f"{project.path}/terminals", {"title": "one"})["id"]
    expect(page.get_by_role("tabpanel", name="Output")).to_contain_text("t00010", timeout=40_000)

    page.goto(f"/p/{project.slug}/settings")
    page.get_by_label("Instructions").fill("Answer in one sentence.")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text(re.compile("version 2", re.IGNORECASE)).first).to_be_visible()
    after = project.card("After", "say Done under the new one.")
    after.execute()

    page.goto(f"/p/{project.slug}")
    expect(card_in(page, "AI review", "After")).to_be_visible(timeout=60_000)
    expect(card_in(page, "AI review", "Long")).to_be_visible()
    for card, version in ((long, 1), (after, 2)):
        page.goto(f"/p/{project.slug}/t/{card.id}?tab=history")
        expect(page.get_by_role("button", name=re.compile(rf"config v{version}\b"))).to_be_visible()
    terminals = project.client.call("GET", f"{project.path}/terminals")
    assert [one["id"] for one in terminals] == [terminal], "OpenCode was restarted, terminals are not its own"
    assert "t00120" in long.get()["opencode_output"]
    visitor.assert_content()
