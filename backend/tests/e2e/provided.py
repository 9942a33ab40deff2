"""A served product with a real identity provider, and people who come in through it."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import PATIENCE_MS, Visitor
from tests.e2e.served import Served
from tests.identity.provider import Provider, SignIn, origin

BUTTON = re.compile(r"^Sign in with ")
AT_ONCE_MS = 5_000
"""How soon an open page has to notice that its sign-in has ended."""


def environment(provider: Provider) -> dict[str, str]:
    secret = provider.client.secret
    assert secret is not None
    return {
        "OPM_OIDC__ISSUER": provider.issuer,
        "OPM_OIDC__CLIENT_ID": provider.client.client_id,
        "OPM_OIDC__CLIENT_SECRET": secret,
        "OPM_OIDC__ADMIN_CLAIM": provider.admin_claim,
        "OPM_OIDC__NAME": "the test provider",
    }


class Person(Visitor):
    """One of the provider's users at a browser of their own."""

    def __init__(self, browser: Browser, served: Served, provider: SignIn, user: str, **options: str) -> None:
        super().__init__(browser, served, provider=origin(provider.issuer), **options)  # pyright: ignore[reportArgumentType]
        self.realm = provider
        self.user = user

    def enter(self, path: str = "/", *, wrong_first: bool = False) -> None:
        """Go to a page of the product, sign in on the way, and be there."""
        self.page.goto(path)
        self.page.get_by_role("button", name=BUTTON).click()
        self.at_provider()
        if wrong_first:
            self.realm.fill_login(self.page, self.user, "not-the-password")
            self.at_provider()
        self.realm.fill_login(self.page, self.user, self.realm.users[self.user])
        expect(self.page).to_have_url(self.served.url + path, timeout=PATIENCE_MS)
        expect(menu(self.page)).to_be_visible(timeout=PATIENCE_MS)

    def at_provider(self) -> None:
        """Its page is there and asks for a password."""
        expect(self.page).to_have_url(re.compile(re.escape(origin(self.realm.issuer))), timeout=PATIENCE_MS)
        expect(self.page.locator("input[type=password]")).to_be_visible(timeout=PATIENCE_MS)

    def leave(self) -> None:
        """Sign out by the menu; the browser goes to the provider, which may ask, and comes back."""
        menu(self.page).click()
        self.page.get_by_role("menuitem", name="Sign out").click()
        asked = self.page.get_by_role("button", name="Yes, sign me out")
        expect(asked.or_(sign_in(self.page)).first).to_be_visible(timeout=PATIENCE_MS)
        self.page.wait_for_load_state()
        if asked.is_visible():
            asked.click()
        expect(self.page).to_have_url(self.served.url + "/", timeout=PATIENCE_MS)
        expect(sign_in(self.page)).to_be_visible(timeout=PATIENCE_MS)

    def project(self, name: str) -> str:
        """Makes one by hand and returns the path of its board."""
        self.page.goto("/?new")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_role("button", name="Create project").click()
        expect(self.page.get_by_role("heading", name="No cards yet")).to_be_visible(timeout=PATIENCE_MS)
        return self.page.url.removeprefix(self.served.url)


def menu(page: Page) -> Locator:
    return page.get_by_role("button", name="You and your settings")


def sign_in(page: Page) -> Locator:
    return page.get_by_role("button", name=BUTTON)
