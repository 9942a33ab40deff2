"""What is laid out around a visitor to see whether a hostile text did anything at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Dialog, Page

from tests.e2e.browser import Visitor

_ALIVE = """() => {
  const selector = 'base, embed, object, meta[http-equiv], link[rel=preload], link[rel=prefetch], marquee, math,'
    + ' link[rel=dns-prefetch], iframe:not([sandbox=""]), form[action], [formaction], [ping], foreignObject, animate,'
    + ' [srcdoc]:not(iframe[sandbox=""]), script:not([src])'
  const found = [...document.querySelectorAll(selector)].map((element) => element.outerHTML.slice(0, 200))
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(`${element.tagName} ${name}=${value.slice(0, 100)}`)
      if (/^(href|src|xlink:href|action|data|poster)$/i.test(name) && !/^(https?:|mailto:|[/#?.]|$)/i.test(value))
        found.push(`${element.tagName} ${name}=${value.slice(0, 100)}`)
    }
  }
  for (const style of document.querySelectorAll('style'))
    if (/pwned|BEACON/.test(style.textContent)) found.push(style.textContent.slice(0, 200))
  if ({}.polluted !== undefined) found.push('Object.prototype is polluted')
  return found
}"""
"""Elements and attributes that hostile markup makes and our own pages never do."""


@contextmanager
def beacon() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and what was asked there."""
    heard: list[str] = []
    with answering(200, b"", heard) as address:
        yield address, heard


@contextmanager
def answering(status: int, body: bytes, heard: list[str] | None = None, **headers: str) -> Iterator[str]:
    """A server that says the same to everybody."""
    said = {"content_type": "application/json", "content_length": str(len(body))} | headers

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if heard is not None:
                heard.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            for name, value in said.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  its name in the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Tripwire:
    """`ran`: what hostile texts achieved. `stopped`: what only the content policy kept from it."""

    def __init__(self, visitor: Visitor, beacon: str, heard: list[str]) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.beacon = beacon
        self.heard = heard
        self.ran: list[str] = []
        self.place = ""
        visitor.context.expose_function("pwned", lambda *_: self.ran.append(f"{self.place}: a script ran"))
        visitor.context.on("page", self._opened)
        self.page.on("dialog", self._asked)

    @property
    def stopped(self) -> list[str]:
        return [
            said
            for said in self.visitor.complaints
            if "content policy refused" in said.lower() or "Content Security Policy" in said or "Trusted" in said
        ]

    def go(self, place: str) -> None:
        self.place = place
        self.page.goto(place, wait_until="domcontentloaded")

    def check(self) -> None:
        """Of the page as it stands; before it is left."""
        if not self.page.url.startswith(self.visitor.served.url):
            self.ran.append(f"{self.place}: the page went to {self.page.url}")
        self.ran += [f"{self.place}: {found}" for found in self.page.evaluate(_ALIVE)]
        self.ran += [f"{self.place}: something asked for {path}" for path in self.heard]
        self.heard.clear()

    def assert_silent(self) -> None:
        assert not self.ran, self.ran
        assert not self.stopped, f"kept from running by the content policy alone: {self.stopped}"
        self.visitor.assert_content()

    def _opened(self, page: Page) -> None:
        if page is not self.page:
            self.ran.append(f"{self.place}: a window was opened for {page.url}")

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.ran.append(f"{self.place}: a dialog said {dialog.message!r}")
        dialog.accept()
