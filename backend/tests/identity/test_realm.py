"""The realm file that people import: nothing secret in it, and nothing left open."""

import json
from typing import Any

import pytest

from tests.identity.keycloak_dist import REALM_FILE

REALM: dict[str, Any] = json.loads(REALM_FILE.read_text())
CLIENTS: list[dict[str, Any]] = REALM["clients"]


def test_no_secret_is_in_the_file_and_passwords_say_what_they_are() -> None:
    assert [client["clientId"] for client in CLIENTS] == ["opm", "opm-public"]
    assert not any("secret" in client for client in CLIENTS)
    assert "privateKey" not in REALM_FILE.read_text()
    for user in REALM["users"]:
        assert [known["value"] for known in user["credentials"]] == [f"not-for-production-{user['username']}"]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client["clientId"])
def test_clients_have_one_flow_and_no_wildcards(client: dict[str, Any]) -> None:
    closed = ("implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled", "fullScopeAllowed")
    assert [client[name] for name in closed] == [False] * len(closed)
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert client["attributes"]["backchannel.logout.session.required"] == "true"
    addresses = [*client["redirectUris"], *client["webOrigins"], client["attributes"]["post.logout.redirect.uris"]]
    assert not any("*" in address or address == "+" for address in addresses)


def test_attackers_and_thieves_of_tokens_are_slowed() -> None:
    assert REALM["bruteForceProtected"] is True
    assert (REALM["revokeRefreshToken"], REALM["refreshTokenMaxReuse"]) == (True, 0)
    assert REALM["registrationAllowed"] is False
    assert REALM["accessTokenLifespan"] <= 300
