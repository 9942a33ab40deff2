"""The providers as fixtures of a test session: `keycloak`, `op`, and `provider`, which runs a test against both.

Keycloak costs minutes of processor time, so what is tried with it is `slow`. Each is started when the first test asks
for it. A test that uses one gets the mark `identity`, and its time limit begins when its fixtures stand, because the
very first start fetches a distribution.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.identity.keycloak import Keycloak, running_keycloak
from tests.identity.oidc_provider import OidcProvider, running_oidc_provider
from tests.identity.provider import Provider

_FIXTURES = {"keycloak": "keycloak", "oidc-provider": "op"}
MARKS = {"keycloak": [pytest.mark.slow], "op": []}
"""Of what is tried with each, by the name of its fixture."""


def needs_provider(item: pytest.Item) -> bool:
    if item.get_closest_marker("identity") is not None:  # said by a fixture's parameter
        return True
    return not {"provider", *_FIXTURES.values()}.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_provider(item):
            item.add_marker("identity")
            limit = item.get_closest_marker("timeout")
            arguments = limit.args if limit else ()
            item.add_marker(pytest.mark.timeout(*arguments, func_only=True), append=False)


@pytest.fixture(scope="session")
def keycloak() -> Iterator[Keycloak]:
    with tempfile.TemporaryDirectory(prefix="opm-keycloak-") as folder, running_keycloak(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def op() -> Iterator[OidcProvider]:
    with tempfile.TemporaryDirectory(prefix="opm-op-") as folder, running_oidc_provider(Path(folder)) as running:
        yield running


@pytest.fixture(
    scope="session", params=[pytest.param(name, marks=MARKS[fixture]) for name, fixture in _FIXTURES.items()]
)
def provider(request: pytest.FixtureRequest) -> Provider:
    running: Keycloak | OidcProvider = request.getfixturevalue(_FIXTURES[request.param])
    return running
