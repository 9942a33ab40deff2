"""One server per module: starting OpenCode is dear, and a working day is many cards on one server."""

from collections.abc import Iterator

import pytest

from tests.e2e.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("served"))
    try:
        server.start()
        yield server
    finally:
        server.end()
