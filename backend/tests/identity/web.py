"""A browser without a window: it keeps cookies, follows redirects, and fills in the forms of a login page."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from playwright.sync_api import Page

from tests.identity.provider import LoginRefused, loopback_client, origin

MOST_STEPS = 20


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    name_field: str | None = None
    password_field: str | None = None

    def filled(self, user: str, password: str) -> dict[str, str]:
        """Nothing for a form that a script would send by itself."""
        entries = {self.name_field: user, self.password_field: password}
        return {name: value for name, value in entries.items() if name is not None}


class _Forms(HTMLParser):
    """The forms of a page with what they would send, the first named button included; and the page's text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._ids: dict[str, Form] = {}
        self._pressed: set[int] = set()
        self._open: Form | None = None
        self._silent = 0
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(has.get("action", ""))
            self.forms.append(self._open)
            self._ids[has.get("id", "")] = self._open
        elif tag in {"script", "style"}:
            self._silent += 1
        elif tag in {"input", "button"}:
            form = self._ids.get(has["form"]) if "form" in has else self._open
            if form is not None:
                self._take(form, tag, has)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag in {"script", "style"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(" ".join(data.split()))

    def _take(self, form: Form, tag: str, has: dict[str, str]) -> None:
        name, kind = has.get("name", ""), has.get("type", "submit" if tag == "button" else "text")
        if not name:
            return
        if kind == "hidden":
            form.fields[name] = has.get("value", "")
        elif kind == "password":
            form.password_field = name
        elif kind in {"text", "email"}:
            form.name_field = name
        elif kind == "submit" and id(form) not in self._pressed:
            self._pressed.add(id(form))
            form.fields[name] = has.get("value", "")


def read_page(html: str) -> tuple[list[Form], str]:
    parser = _Forms()
    parser.feed(html)
    return parser.forms, " | ".join(parser.words)


class HttpBrowser:
    """Works with any provider whose login is one form with a name and a password."""

    def __init__(self, issuer: str, transport: httpx.BaseTransport | None = None) -> None:
        self.prompted = False
        self._home = origin(issuer)
        self._http = loopback_client(event_hooks={"response": [self._keep_cookies]}, transport=transport)

    def authorize(self, url: str, user: str, password: str) -> str:
        redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        self.prompted = False
        target, answer = self._follow(self._http.get(url))
        while answer is not None:
            forms, text = read_page(answer.text)
            form = forms[0] if len(forms) == 1 else next((form for form in forms if form.password_field), None)
            if form is None or (form.password_field and self.prompted):
                raise LoginRefused(text)
            self.prompted = self.prompted or form.password_field is not None
            target, answer = self._send(target, form, form.filled(user, password))
        assert target.startswith(redirect), f"the provider sent the browser to {origin(target)}"
        return target

    def end_session(self, url: str, fields: Mapping[str, str]) -> str:
        target, answer = self._follow(self._http.post(url, data=dict(fields)))
        if answer is not None and answer.status_code == 200:
            forms, text = read_page(answer.text)
            assert forms, f"nothing to confirm: {text}"
            target, answer = self._send(target, forms[0], {})
        if answer is not None and answer.status_code != 200:
            raise LoginRefused(read_page(answer.text)[1])
        return target

    def close(self) -> None:
        self._http.close()

    def _keep_cookies(self, _answer: httpx.Response) -> None:
        """Cookies marked as secure are sent to loopback over http, too: browsers do so, this library does not."""
        for cookie in self._http.cookies.jar:
            cookie.secure = False

    def _send(self, page: str, form: Form, entered: dict[str, str]) -> tuple[str, httpx.Response | None]:
        return self._follow(self._http.post(urljoin(page, form.action), data=form.fields | entered))

    def _follow(self, answer: httpx.Response) -> tuple[str, httpx.Response | None]:
        """The page the provider shows at last, or the address elsewhere that it sends the browser to."""
        for _ in range(MOST_STEPS):
            if not answer.has_redirect_location:
                return str(answer.url), answer
            target = urljoin(str(answer.url), answer.headers["location"])
            if origin(target) != self._home:
                return target, None
            answer = self._http.get(target)
        raise AssertionError(f"more than {MOST_STEPS} redirects at {self._home}")


def fill_login(page: Page, user: str, password: str) -> None:
    page.locator("input[name=username], input[name=login]").fill(user)
    page.locator("input[type=password]").fill(password)
    page.locator("form [type=submit]").first.click()


class LoginForms(ABC):
    """How people come in at a provider whose login is one form, by HTTP or in Chromium."""

    @abstractmethod
    def session(self) -> HttpBrowser: ...

    def browse(self, authorization_url: str, user: str, password: str) -> str:
        browser = self.session()
        try:
            return browser.authorize(authorization_url, user, password)
        finally:
            browser.close()

    def fill_login(self, page: Page, user: str, password: str) -> None:
        fill_login(page, user, password)
