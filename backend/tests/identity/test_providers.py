"""The providers of the tests do what a real one is trusted to do, and refuse what it is trusted to refuse."""

import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import chromium
from tests.identity.flow import Flow
from tests.identity.provider import ClientCredentials, LoginRefused, Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Product:
    """What a provider sees of the product: an address that takes logout tokens, and others that answer."""

    def __init__(self) -> None:
        received: queue.Queue[tuple[str, str]] = queue.Queue()

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                received.put((self.path, form["logout_token"][0]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Nobody reads it."""

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Product"]:
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@pytest.fixture
def product() -> Iterator[Product]:
    with Product().running() as running:
        yield running


@pytest.fixture(params=["confidential", "public"])
def client(request: pytest.FixtureRequest, provider: Provider) -> ClientCredentials:
    return provider.client if request.param == "confidential" else provider.public_client


@pytest.fixture
def flow(provider: Provider, client: ClientCredentials, product: Product) -> Iterator[Flow]:
    provider.allow(product.url)
    made = Flow(provider, client, product.url)
    with made.http:
        yield made


@pytest.fixture
def confidential(provider: Provider, product: Product) -> Iterator[Flow]:
    provider.allow(product.url)
    made = Flow(provider, provider.client, product.url)
    with made.http:
        yield made


def test_discovery_names_its_issuer_and_what_it_can_do(confidential: Flow) -> None:
    told = confidential.metadata
    assert told["issuer"] == confidential.provider.issuer
    assert "S256" in told["code_challenge_methods_supported"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["backchannel_logout_supported"] is True
    assert told["backchannel_logout_session_supported"] is True
    assert told["end_session_endpoint"].startswith(confidential.provider.issuer)


def test_code_flow_gives_a_signed_id_token_and_a_refresh_token(flow: Flow) -> None:
    tokens = flow.sign_in("alice")
    claims = flow.verified(tokens["id_token"]).claims
    assert claims["preferred_username"] == "alice"
    assert claims["email"] == "alice@example.org"
    assert claims["email_verified"] is True
    assert claims["sid"]
    assert tokens["refresh_token"]


def test_only_the_administrator_has_the_admin_claim(confidential: Flow) -> None:
    name, _, value = confidential.provider.admin_claim.partition("=")
    claims = {
        user: confidential.verified(confidential.sign_in(user)["id_token"]).claims.get(name, [])
        for user in ("alice", "bob", "admin")
    }
    assert {user for user, found in claims.items() if value in found} == {"admin"}


def test_refresh_tokens_rotate_and_a_used_one_is_refused(flow: Flow) -> None:
    first = flow.sign_in("alice")["refresh_token"]
    second = flow.refresh(first)
    assert second.status_code == 200, second.text
    assert second.json()["refresh_token"] != first
    assert flow.verified(second.json()["id_token"]).claims["preferred_username"] == "alice"
    again = flow.refresh(first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_wrong_password_is_refused(confidential: Flow) -> None:
    url = confidential.begin().url
    with pytest.raises(LoginRefused, match=r"(?i)invalid username or password|wrong name or password"):
        confidential.provider.browse(url, "alice", "not it")


def test_disabled_user_is_refused(confidential: Flow) -> None:
    provider = confidential.provider
    with pytest.raises(LoginRefused, match="disabled"):
        provider.browse(confidential.begin().url, "carol", provider.users["carol"])


def test_address_that_was_not_allowed_is_refused(confidential: Flow) -> None:
    provider = confidential.provider
    attempt = confidential.begin(redirect_uri="http://127.0.0.1:9/auth/callback")
    with pytest.raises(LoginRefused, match=r"(?i)redirect_uri"):
        provider.browse(attempt.url, "alice", provider.users["alice"])


def test_code_serves_once(flow: Flow) -> None:
    attempt = flow.begin()
    code = flow.arrive(attempt, flow.provider.browse(attempt.url, "alice", flow.provider.users["alice"]))
    assert flow.exchange(attempt, code).status_code == 200
    again = flow.exchange(attempt, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_wrong_verifier_is_refused(flow: Flow) -> None:
    attempt = flow.begin()
    code = flow.arrive(attempt, flow.provider.browse(attempt.url, "alice", flow.provider.users["alice"]))
    answer = flow.exchange(attempt, code, code_verifier="x" * 64)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_flow_without_pkce_is_refused(flow: Flow) -> None:
    attempt = flow.begin(code_challenge=None, code_challenge_method=None)
    callback = flow.provider.browse(attempt.url, "alice", flow.provider.users["alice"])
    assert parse_qs(urlsplit(callback).query)["error"] == ["invalid_request"]


def test_wrong_client_secret_is_refused(confidential: Flow) -> None:
    refresh_token = confidential.sign_in("alice")["refresh_token"]
    confidential.client = ClientCredentials(confidential.client.client_id, "not it")
    answer = confidential.refresh(refresh_token)
    assert (answer.status_code, answer.json()["error"] in {"invalid_client", "unauthorized_client"}) == (401, True)


@pytest.mark.parametrize("keep_old", [True, False])
def test_key_rotation_signs_with_a_new_key_and_leaves_sessions_alone(confidential: Flow, keep_old: bool) -> None:
    provider, browser = confidential.provider, confidential.provider.session()
    before = confidential.sign_in("alice", browser)
    old = confidential.verified(before["id_token"]).header["kid"]
    provider.rotate_keys(keep_old=keep_old)
    after = confidential.refresh(before["refresh_token"])
    assert after.status_code == 200, after.text
    assert confidential.verified(after.json()["id_token"]).header["kid"] != old
    assert (old in {key.kid for key in confidential.keys().keys}) is keep_old
    confidential.sign_in("alice", browser)
    assert not browser.prompted
    browser.close()


def test_second_authorization_in_the_same_browser_asks_for_nothing(flow: Flow) -> None:
    browser = flow.provider.session()
    flow.sign_in("alice", browser)
    assert browser.prompted
    flow.sign_in("alice", browser)
    assert not browser.prompted
    browser.close()


def test_another_user_may_sign_in_where_one_is_signed_in(confidential: Flow) -> None:
    provider, browser = confidential.provider, confidential.provider.session()
    confidential.sign_in("alice", browser)
    browser.end_session(confidential.metadata["end_session_endpoint"], {"client_id": "opm"})
    attempt = confidential.begin(prompt="login")
    code = confidential.arrive(attempt, browser.authorize(attempt.url, "bob", provider.users["bob"]))
    tokens = confidential.exchange(attempt, code).json()
    assert confidential.verified(tokens["id_token"]).claims["preferred_username"] == "bob"
    browser.close()


def test_logout_by_the_client_ends_the_browsers_session_and_comes_back(flow: Flow, product: Product) -> None:
    browser = flow.provider.session()
    tokens = flow.sign_in("alice", browser)
    fields = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": f"{product.url}/", "state": "bye"}
    assert browser.end_session(flow.metadata["end_session_endpoint"], fields) == f"{product.url}/?state=bye"
    flow.sign_in("alice", browser)
    assert browser.prompted
    browser.close()


def test_logout_without_a_token_is_confirmed_and_comes_back(confidential: Flow, product: Product) -> None:
    browser = confidential.provider.session()
    confidential.sign_in("alice", browser)
    fields = {"client_id": "opm", "post_logout_redirect_uri": f"{product.url}/", "state": "bye"}
    target = browser.end_session(confidential.metadata["end_session_endpoint"], fields)
    assert target == f"{product.url}/?state=bye"
    confidential.sign_in("alice", browser)
    assert browser.prompted
    browser.close()


def test_disabled_user_gets_no_more_tokens_and_no_more_codes(flow: Flow) -> None:
    provider, browser = flow.provider, flow.provider.session()
    refresh_token = flow.sign_in("bob", browser)["refresh_token"]
    provider.disable("bob")
    try:
        answer = flow.refresh(refresh_token)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        with pytest.raises(LoginRefused, match="disabled"):
            browser.authorize(flow.begin().url, "bob", provider.users["bob"])
    finally:
        provider.enable("bob")
        browser.close()
    flow.sign_in("bob")


def test_sign_out_at_the_provider_sends_a_logout_token(flow: Flow, product: Product) -> None:
    flow.provider.sign_out("bob")  # of what earlier tests left
    while not product.received.empty():
        product.received.get()
    tokens = flow.sign_in("bob")
    signed_in = flow.verified(tokens["id_token"]).claims
    flow.provider.sign_out("bob")
    path, token = product.received.get(timeout=10)
    told = flow.verified(token).claims
    assert path == "/api/auth/oidc/backchannel-logout"
    assert EVENT in told["events"]
    assert told["iss"] == flow.provider.issuer
    assert told["sid"] == signed_in["sid"]
    assert told["aud"] in (flow.client.client_id, [flow.client.client_id])
    assert "nonce" not in told
    assert flow.refresh(tokens["refresh_token"]).status_code == 400
    assert product.received.empty()


@pytest.mark.browser
def test_chromium_signs_in_and_is_remembered(confidential: Flow, product: Product) -> None:
    provider = confidential.provider
    with chromium() as started:
        page = started.new_context().new_page()
        page.goto(confidential.begin().url)
        provider.fill_login(page, "alice", "not it")
        expect(
            page.get_by_text(re.compile("invalid username or password|wrong name or password", re.IGNORECASE))
        ).to_be_visible()
        provider.fill_login(page, "alice", provider.users["alice"])
        page.wait_for_url(f"{product.url}/auth/callback?*")
        again = confidential.begin()
        page.goto(again.url)
        page.wait_for_url(f"{product.url}/auth/callback?*")
        assert confidential.exchange(again, confidential.arrive(again, page.url)).status_code == 200


def test_several_products_are_allowed_and_the_last_one_hears_of_logouts(provider: Provider, product: Product) -> None:
    with Product().running() as second:
        for one in (product, second):
            provider.allow(one.url)
        for one in (product, second):
            made = Flow(provider, provider.client, one.url)
            with made.http:
                made.sign_in("admin")
        provider.sign_out("admin")
        second.received.get(timeout=10)
        assert product.received.empty()
