"""Signing in and out as people do it: a real Chromium, a real provider, the served product between them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import NARROW, PATIENCE_MS, WIDE
from tests.e2e.provided import AT_ONCE_MS, Person, environment, menu, sign_in
from tests.e2e.served import Served
from tests.identity.oidc_provider import OidcProvider
from tests.identity.provider import Provider

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

Admit = Callable[..., Person]


def _served(provider: Provider, home: Path) -> Iterator[Served]:
    server = Served(home, **environment(provider))
    try:
        provider.allow(server.url)
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def house(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from _served(provider, tmp_path_factory.mktemp("house"))


@pytest.fixture
def person(browser: Browser, house: Served, provider: Provider) -> Iterator[Admit]:
    """Makes people with a browser each; what they saw of errors is judged at the end."""
    made: list[Person] = []

    def admit(user: str) -> Person:
        made.append(Person(browser, house, provider, user))
        return made[-1]

    try:
        yield admit
        for one in made:
            one.assert_content()
    finally:
        for one in made:
            one.close()


def test_a_deep_link_survives_a_wrong_password_and_a_sign_out_ends_the_session_there(person: Admit) -> None:
    alice = person("alice")
    alice.enter("/settings?from=a%20link", wrong_first=True)
    expect(alice.page.get_by_role("heading", name="Your settings")).to_be_visible()
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="Your settings")).to_be_visible()
    alice.leave()
    alice.enter("/sign-ins")  # which asks for the password, or this fails


def test_who_is_still_signed_in_at_the_provider_comes_in_without_a_password(person: Admit) -> None:
    """The control of the story above: only a sign-out there makes the provider ask again."""
    alice = person("alice")
    alice.enter()
    alice.context.clear_cookies(domain="127.0.0.1", path="/api/auth")
    alice.context.clear_cookies(name=f"opm_session_{alice.served.port}")
    alice.page.goto("/settings")
    sign_in(alice.page).click()
    expect(menu(alice.page)).to_be_visible(timeout=PATIENCE_MS)
    expect(alice.page).to_have_url(f"{alice.served.url}/settings")


def test_two_tabs_that_renew_at_once_stay_signed_in(person: Admit) -> None:
    alice = person("alice")
    alice.enter()
    tabs = [alice.page, alice.new_tab()]
    tabs[1].goto("/settings")
    held: list[Route] = []
    holding = True
    refused: set[int] = set()

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:  # a tab whose process has not heard of the new expiry yet renews after the other: with the new token
            route.continue_()

    alice.context.route("**/api/auth/refresh", hold)
    for number, tab in enumerate(tabs):
        tab.on("response", lambda said, number=number: refused.add(number) if said.status == 401 else None)
    for _ in range(3):
        for tab in tabs:
            tab.goto("about:blank")  # an open page could begin to renew before it is left, and never end
        refused.clear()
        holding = True
        alice.context.clear_cookies(name=f"opm_session_{alice.served.port}")
        for tab in tabs:
            tab.goto("/settings", wait_until="commit")
        while len(refused) < len(tabs):
            tabs[0].wait_for_timeout(50)
        tabs[0].wait_for_timeout(300)
        assert len(held) == 1, "the other tab waits for the answer, instead of spending the same token"
        holding = False
        held.pop().continue_()
        for tab in tabs:
            expect(menu(tab)).to_be_visible(timeout=PATIENCE_MS)


def test_a_sign_out_in_one_tab_is_seen_in_the_other(person: Admit) -> None:
    alice = person("alice")
    alice.enter()
    other = alice.new_tab()
    other.goto("/settings")
    expect(other.get_by_role("heading", name="Your settings")).to_be_visible()
    alice.leave()
    expect(sign_in(other)).to_be_visible(timeout=AT_ONCE_MS)
    alice.enter()
    expect(other.get_by_role("heading", name="Your settings")).to_be_visible(timeout=AT_ONCE_MS)


def test_signing_out_everywhere_reaches_the_other_browser(person: Admit) -> None:
    here, there = person("alice"), person("alice")
    there.enter()
    there.project("Elsewhere")
    here.enter("/settings")
    signed_in = here.page.get_by_role("region", name="Where you are signed in")
    expect(signed_in.get_by_text("Chrome on Linux")).not_to_have_count(0)
    expect(signed_in.get_by_text("this browser")).to_have_count(1)
    signed_in.get_by_role("button", name="Sign out everywhere").click()
    here.page.get_by_role("alertdialog").get_by_role("button", name="Sign out everywhere").click()
    expect(sign_in(there.page)).to_be_visible(timeout=AT_ONCE_MS)
    expect(sign_in(here.page)).to_be_visible()


def test_a_disabled_person_loses_the_open_board_and_cannot_come_back(person: Admit) -> None:
    admin, bob = person("admin"), person("bob")
    bob.enter()
    board = bob.project("Bobs")
    admin.enter("/people?q=bob")
    row = admin.page.get_by_role("listitem").filter(has_text="Bob")
    try:
        row.get_by_role("button", name="Disable").click()
        admin.page.get_by_role("alertdialog").get_by_role("button", name="Disable").click()
        expect(sign_in(bob.page)).to_be_visible(timeout=AT_ONCE_MS)
        expect(row.get_by_text("disabled")).to_be_visible()
        sign_in(bob.page).click()
        expect(bob.page.get_by_role("alert")).to_contain_text("shut out", timeout=PATIENCE_MS)
        bob.complaints.clear()  # the browser's own line about that 403
    finally:
        row.get_by_role("button", name="Enable").click()
        admin.page.get_by_role("alertdialog").get_by_role("button", name="Enable").click()
        expect(row.get_by_text("disabled")).to_be_hidden()
    bob.page.get_by_role("link", name="Try again").click()
    sign_in(bob.page).click()
    expect(bob.page).to_have_url(bob.served.url + board, timeout=PATIENCE_MS)


def test_who_does_not_administer_is_told_so(person: Admit) -> None:
    bob = person("bob")
    bob.enter("/people")
    expect(bob.page.get_by_text("Only administrators may do this.")).to_be_visible()
    menu(bob.page).click()
    expect(bob.page.get_by_role("menuitem", name="Your settings")).to_be_visible()
    expect(bob.page.get_by_role("menuitem", name="People")).to_be_hidden()
    bob.complaints.clear()  # the browser's own line about that 403


def test_a_foreign_link_signs_nobody_in(person: Admit, provider: Provider, house: Served) -> None:
    """Alice sends what the provider answered her to somebody else, who would then work in her account."""
    with httpx.Client(base_url=f"{house.url}/api", trust_env=False) as http:
        begun = http.post("/auth/oidc/login", json={"next": "/"}).raise_for_status().json()
    link = provider.browse(begun["authorization_url"], "alice", provider.users["alice"])
    stranger, bob = person("bob"), person("bob")
    stranger.page.goto(link)
    _told_off(stranger.page)
    stranger.page.goto("/")
    expect(sign_in(stranger.page)).to_be_visible()
    bob.enter()
    bob.page.goto(link)
    _told_off(bob.page)
    bob.page.goto("/")
    menu(bob.page).click()
    expect(bob.page.get_by_text("Bob", exact=False).first).to_be_visible()
    for one in (stranger, bob):
        one.complaints.clear()  # the browser's own line about that 400


def _told_off(page: Page) -> None:
    expect(page.get_by_role("alert")).to_contain_text("was not begun in this browser", timeout=PATIENCE_MS)
    assert "?" not in page.url


def test_a_token_is_made_used_and_deleted(person: Admit) -> None:
    alice = person("alice")
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice.enter("/settings")
    alice.page.get_by_role("button", name="New token").click()
    alice.page.get_by_label("Name").fill("report")
    alice.page.keyboard.press("Enter")
    alice.page.get_by_role("button", name="Copy").click()
    expect(alice.page.get_by_text("Copied.")).to_be_visible()
    secret = alice.page.evaluate("navigator.clipboard.readText()")
    alice.page.get_by_role("button", name="Done").click()
    with httpx.Client(base_url=f"{alice.served.url}/api", trust_env=False) as program:
        program.headers["Authorization"] = f"Bearer {secret}"
        assert program.get("/projects").status_code == 200
        assert program.post("/projects", json={"name": "no"}).status_code == 403
        alice.page.get_by_role("button", name="Delete report").click()
        alice.page.get_by_role("alertdialog").get_by_role("button", name="Delete token").click()
        expect(alice.page.get_by_text("You have none.")).to_be_visible()
        assert program.get("/projects").status_code == 401


def test_the_documentation_of_the_api_can_change_something(person: Admit) -> None:
    """Its requests carry the token of the sign-in, like those of every page of ours."""
    alice = person("alice")
    alice.enter()
    alice.page.goto("/api/docs")
    alice.page.locator("#operations-tag-projects").click()
    operation = alice.page.locator("#operations-projects-create_project")
    operation.get_by_role("button").first.click()
    operation.locator("textarea").first.fill('{"name": "By the documentation"}')
    with alice.page.expect_response(lambda said: said.url.endswith("/api/projects")) as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 201


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_fit_for_everybody(browser: Browser, op: OidcProvider, tmp_path: Path, scheme: str) -> None:
    pictures = Path(os.environ.get("OPM_SCREENSHOT_DIR", tmp_path))
    for server in _served(op, tmp_path):
        admin = Person(browser, server, op, "admin", scheme=scheme)
        try:
            _look(
                admin, {"sign-in": "/login", "callback-error": "/auth/callback?error=access_denied"}, pictures, scheme
            )
            for user in ("alice", "bob"):
                one = Person(browser, server, op, user)
                one.enter()
                one.close()
            admin.enter()
            inside: dict[str, str | None] = {
                "your-settings": "/settings",
                "people": "/people",
                "people-log": "/people/log",
                "new-project": "/?new",
            }
            _look(admin, inside, pictures, scheme)
            admin.page.goto("/settings")
            admin.page.get_by_role("button", name="New token").click()
            admin.page.get_by_label("Name").fill("Nightly report")
            _look(admin, {"new-token": None}, pictures, scheme)
            admin.page.get_by_role("button", name="Make token").click()
            expect(admin.page.get_by_role("button", name="Copy")).to_be_visible()
            _look(admin, {"token-secret": None}, pictures, scheme)
            admin.page.get_by_role("button", name="Done").click()
            admin.page.get_by_role("button", name="New token").scroll_into_view_if_needed()
            _look(admin, {"tokens": None}, pictures, scheme)
            admin.assert_content()
        finally:
            admin.close()


def _look(visitor: Person, places: dict[str, str | None], pictures: Path, scheme: str) -> None:
    """At both sizes; where no place is given, at what is open."""
    for size in (WIDE, NARROW):
        visitor.resize(size)
        for name, place in places.items():
            if place is not None:
                visitor.page.goto(place)
            visitor.page.wait_for_timeout(1200)
            visitor.shoot(pictures / f"{name}-{scheme}-{size[0]}.png")
            visitor.check_page(f"{name}, {scheme}, {size[0]} px")
