"""Keycloak in development mode, with the realm of deploy/keycloak; steered through its administration interface."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.identity.keycloak_dist import REALM_FILE, find_java, launch, listening_at, prepare
from tests.identity.provider import Addresses, ClientCredentials, loopback_client
from tests.identity.roads import Roads
from tests.identity.web import HttpBrowser, LoginForms

_FRESH_SECONDS = 30
_SIGNING = "org.keycloak.keys.KeyProvider"


class Realm(LoginForms):
    """That of deploy/keycloak and its people, wherever a Keycloak runs that has it."""

    def __init__(self, address: str, called: str | None = None, authority: Path | None = None) -> None:
        """`called` is the origin that its users and clients know it by, `authority` who signed its certificate."""
        self.address = address
        self.origin = called or address
        self.issuer = f"{self.origin}/realms/opm"
        self._authority = authority
        realm = json.loads(REALM_FILE.read_text())
        self.users: dict[str, str] = {user["username"]: user["credentials"][0]["value"] for user in realm["users"]}

    def session(self) -> HttpBrowser:
        return HttpBrowser(self.issuer, Roads({self.origin: self.address}, self._authority))


class Keycloak(Realm):
    """One of our own. It signs with RS256. A public client and the confidential one differ in their secret only."""

    name = "keycloak"
    admin_claim = "groups=opm-admins"

    def __init__(self, address: str, admin_password: str) -> None:
        super().__init__(address)
        self._http = loopback_client(base_url=address)
        self._admin_password = admin_password
        self._token, self._token_until = "", 0.0
        self.client = ClientCredentials("opm", self._client("opm")["secret"])
        self.public_client = ClientCredentials("opm-public")
        # Tests enter wrong passwords as fast as an attacker would, and the next test wants to sign in.
        self._admin("PUT", "", {"bruteForceProtected": False})

    def allow(self, base_url: str) -> None:
        wanted = Addresses.of(base_url)
        for known in (self._client("opm"), self._client("opm-public")):
            attributes = known["attributes"]
            after_logout = set(attributes["post.logout.redirect.uris"].split("##")) | {wanted.after_logout}
            known["redirectUris"] = sorted({*known["redirectUris"], wanted.redirect})
            attributes["post.logout.redirect.uris"] = "##".join(sorted(after_logout))
            attributes["backchannel.logout.url"] = wanted.backchannel_logout
            self._admin("PUT", f"/clients/{known['id']}", known)

    def rotate_keys(self, *, keep_old: bool = True) -> None:
        """The active key is the enabled one of the highest priority; one that is not active is published still."""
        known = self._admin("GET", "/components", type=_SIGNING)
        signing = [component for component in known if component["providerId"] == "rsa-generated"]
        priority = max(int(component["config"]["priority"][0]) for component in signing) + 100
        made = {"name": f"rsa-{priority}", "providerId": "rsa-generated", "providerType": _SIGNING}
        made["parentId"] = signing[0]["parentId"]
        config = {"priority": [str(priority)], "algorithm": ["RS256"], "keySize": ["2048"]}
        self._admin("POST", "/components", made | {"config": config})
        if not keep_old:
            for component in signing:
                self._admin("DELETE", f"/components/{component['id']}")

    def disable(self, user: str) -> None:
        self._admin("PUT", f"/users/{self._user_id(user)}", {"enabled": False})

    def enable(self, user: str) -> None:
        self._admin("PUT", f"/users/{self._user_id(user)}", {"enabled": True})

    def sign_out(self, user: str) -> None:
        self._admin("POST", f"/users/{self._user_id(user)}/logout")

    def close(self) -> None:
        self._http.close()

    def _user_id(self, user: str) -> str:
        (found,) = self._admin("GET", "/users", username=user, exact="true")
        return found["id"]

    def _client(self, client_id: str) -> dict[str, Any]:
        (found,) = self._admin("GET", "/clients", clientId=client_id)
        return found

    def _admin(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = self._http.request(
            method,
            f"/admin/realms/opm{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self._admin_token()}"},
        )
        _expect_success(answer)
        return answer.json() if answer.content else None

    def _admin_token(self) -> str:
        if time.monotonic() >= self._token_until:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": "root"}
            form["password"] = self._admin_password
            answer = self._http.post("/realms/master/protocol/openid-connect/token", data=form)
            _expect_success(answer)
            self._token = answer.json()["access_token"]
            self._token_until = time.monotonic() + _FRESH_SECONDS
        return self._token


def _expect_success(answer: httpx.Response) -> None:
    assert answer.is_success, f"Keycloak answered {answer.status_code} to {answer.request.url.path}: {answer.text}"


@contextmanager
def running_keycloak(home: Path) -> Iterator[Keycloak]:
    """On loopback by http."""
    java = find_java()
    password = prepare(java, home)
    program = launch(java, home)
    try:
        provider = Keycloak(listening_at(program), password)
        try:
            yield provider
        finally:
            provider.close()
    finally:
        program.end()
